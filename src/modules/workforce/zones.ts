import type { Zones } from './ports.ts';

/** Zones as sites and companies state them. */
export const createZones = (): Zones => ({
  ofProject: async (reader, projectId) => {
    const [row] = await reader.prepared<{ zone: string }>(
      `select coalesce(s.timezone, c.timezone) as zone from company c
       left join project p on p.company_id = $1 and p.id = $2
       left join site s on s.company_id = $1 and s.id = p.site_id
       where c.id = $1`,
      [reader.companyId, projectId],
    );
    if (row === undefined) throw new Error(`no company ${reader.companyId}`);
    return row.zone;
  },
});
