import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import { isZone } from '../../../platform/time/zone.ts';
import { createTree } from '../tree.ts';
import type { SiteRow } from './sites.repository.ts';

const check = ({ timezone, latitude, longitude }: Pick<SiteRow, 'timezone' | 'latitude' | 'longitude'>): void => {
  if (!isZone(timezone)) throw invalid('/timezone', 'TIME_ZONE');
  if (latitude === null && longitude !== null) throw invalid('/latitude', 'required');
  if (longitude === null && latitude !== null) throw invalid('/longitude', 'required');
};

/** Sites: a tree; a real time zone, both coordinates or none, and deleted only when nobody and nothing stands there. */
export const createSitesService = (parts: CrudParts<SiteRow>) => {
  const tree = createTree('site', parts);
  return {
    ...createCrud({
      ...parts,
      onCreate: (tx, body) => {
        check(body);
        return tree.place(tx, body);
      },
      onEdit: (_tx, row, patch) => {
        check({ ...row, ...patch });
      },
      onRemove: true,
      onRestore: tree.replace,
    }),
    relocate: tree.relocate,
  };
};
