import Type from 'typebox';
import { code, entity, integer, listOf, nullable, text } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

const zone = () => text(60, { description: 'IANA time zone', examples: ['America/Santiago'] });

const GIVEN = ['code', 'name', 'timezone', 'altitudeM', 'latitude', 'longitude'] as const;

/** A place of work (faena, plant). Its zone decides days, shifts and periods of the people who work there. */
export const Site = entity({
  table: 'site',
  fields: {
    code: code(40),
    name: text(200),
    timezone: zone(),
    altitudeM: integer(-450, 6_500, { description: 'Meters above sea level', examples: [2_870] }),
    latitude: nullable(Type.Number({ minimum: -90, maximum: 90 })),
    longitude: nullable(Type.Number({ minimum: -180, maximum: 180 })),
  },
  create: GIVEN,
  edit: GIVEN,
  search: ['code', 'name'],
});
export type SiteRow = RowOf<typeof Site>;

export const siteList = listOf(Site, { sorts: ['code', 'name'], coarse: { timezone: 'sites are few' } });
