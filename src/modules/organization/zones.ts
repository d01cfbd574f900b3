import type { Reader } from '../../platform/db/database.ts';
import { addDays, startOfDay } from '../../platform/time/zone.ts';

/** Where something is or happens. */
export interface Place {
  readonly siteId?: string | null;
  readonly projectId?: string | null;
}

/** In which zone days, shifts and ends of work lie. */
export interface Zones {
  /** The zone of the site, else of the project's site, else the company's. */
  of(reader: Reader, place?: Place): Promise<string>;
  /** The instant, ISO 8601, at which the day `YYYY-MM-DD` is over there; null for no day. */
  endOfDay<D extends string | null>(reader: Reader, day: D, place?: Place): Promise<D | string>;
}

/** Zones as sites and companies state them. */
export const createZones = (): Zones => {
  const of: Zones['of'] = async (reader, { siteId = null, projectId = null } = {}) => {
    const [row] = await reader.prepared<{ zone: string }>(
      `select coalesce(s.timezone, c.timezone) as zone from company c
       left join project p on p.company_id = $1 and p.id = $2
       left join site s on s.company_id = $1 and s.id = coalesce($3, p.site_id)
       where c.id = $1`,
      [reader.companyId, projectId, siteId],
    );
    if (row === undefined) throw new Error(`no company ${reader.companyId}`);
    return row.zone;
  };
  return {
    of,
    endOfDay: async (reader, day, place) =>
      day === null ? day : startOfDay(addDays(day, 1), await of(reader, place)).toISOString(),
  };
};
