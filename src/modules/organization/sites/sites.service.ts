import { createCrud } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { isZone } from '../../../platform/time/zone.ts';
import { siteIsUsed } from './sites.repository.ts';
import type { SiteRow } from './sites.repository.ts';

interface SitesDependencies {
  readonly repository: Repository<SiteRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
}

const check = ({ timezone, latitude, longitude }: Partial<SiteRow>): void => {
  if (timezone !== undefined && !isZone(timezone)) throw invalid('/timezone', 'TIME_ZONE');
  if ((latitude ?? null) === null && (longitude ?? null) !== null) throw invalid('/latitude', 'required');
  if ((longitude ?? null) === null && (latitude ?? null) !== null) throw invalid('/longitude', 'required');
};

/** Sites: a real time zone, both coordinates or none, and deleted only when nobody stands there. */
export const createSitesService = ({ repository, list, work, now }: SitesDependencies) =>
  createCrud({
    repository,
    list,
    work,
    now,
    onCreate: (_tx, body: Partial<SiteRow>) => {
      check(body);
      return Promise.resolve({});
    },
    onEdit: (_tx, row, patch: Partial<SiteRow>) => {
      check({ ...row, ...patch });
      return Promise.resolve({});
    },
    onRemove: async (tx, row) => {
      if (await siteIsUsed(tx, row.id)) throw conflict('SITE_IN_USE');
    },
  });
