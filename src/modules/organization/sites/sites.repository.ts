import Type from 'typebox';
import { code, entity, integer, line, listOf, nullable } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';
import { belowFilter, treeFields } from '../tree.ts';

const zone = () => line(60, { description: 'IANA time zone', examples: ['America/Santiago'] });

const OWN = ['code', 'name', 'timezone', 'altitudeM', 'latitude', 'longitude'] as const;

/** A place of work (faena, plant), or a part of one. Its zone decides days, shifts and periods of the people who work there. */
export const Site = entity({
  table: 'site',
  fields: {
    code: code(40),
    name: line(200),
    ...treeFields(),
    timezone: zone(),
    altitudeM: integer(-450, 6_500, { description: 'Meters above sea level', examples: [2_870] }),
    latitude: nullable(Type.Number({ minimum: -90, maximum: 90 })),
    longitude: nullable(Type.Number({ minimum: -180, maximum: 180 })),
  },
  create: [...OWN, 'parentId'],
  edit: OWN,
  search: ['code', 'name'],
});
export type SiteRow = RowOf<typeof Site>;

export const siteList = listOf(Site, {
  sorts: ['code', 'name', 'path'],
  filters: ['parentId'],
  coarse: { timezone: 'sites are few', depth: 'the same' },
  also: { belowId: belowFilter('site', 't', 'This site and all below it') },
});
