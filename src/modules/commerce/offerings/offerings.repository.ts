import Type from 'typebox';
import { operatorListOf } from '../../../platform/db/list-of.ts';
import { code, entity, exact, inEveryLanguage, integer, line, oneOf } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

/** What a company can subscribe to. The catalogue is the operator's. */
export const Offering = entity({
  table: 'offering',
  fields: {
    code: code(40, { examples: ['SAFER'] }),
    names: inEveryLanguage(100),
    features: Type.Array(code(60, { examples: ['fitness'] }), {
      maxItems: 50,
      uniqueItems: true,
      description: 'Features that a subscription in force gives: to all, or by the seat to who has one',
    }),
    unit: oneOf(['seat_month', 'company_month']),
    priceMinor: integer(0, Number.MAX_SAFE_INTEGER, { description: 'Minor units of `currency` for one `unit`' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217', examples: ['CLP'] }),
    offered: Type.Boolean({
      description: 'Companies can subscribe to it; subscriptions that there are go on either way',
    }),
  },
  create: ['code', 'names', 'features', 'unit', 'priceMinor', 'currency', 'offered'],
  edit: ['names', 'features', 'priceMinor', 'currency', 'offered'],
});
export type OfferingRow = RowOf<typeof Offering>;

export const OfferingItem = exact(
  { ...Offering.view.properties, name: line(100, { description: 'In the caller’s language' }) },
  { 'x-component': 'offering_item' },
);

export const offeringDefinition = operatorListOf(Offering, 'code');

/** All offerings as JSON text, by code. */
export const offeringsPage = async (reader: Reader, locale: string): Promise<string> => {
  const [row] = await reader.prepared<{ items: string }>(
    `select coalesce(json_agg(${Offering.json('o', { name: 'o.names ->> $1' })} order by o.code), '[]')::text as items
     from offering o where o.deleted_at is null`,
    [locale],
  );
  return `{"items":${row!.items},"next":null}`;
};

/** Whether companies can subscribe to an offering; undefined where there is none. */
export const isOffered = async (reader: Reader, offering: string): Promise<boolean | undefined> => {
  const [row] = await reader.prepared<{ offered: boolean }>(
    'select offered from offering where code = $1 and deleted_at is null',
    [offering],
  );
  return row?.offered;
};

/** Whether the catalogue of features has all of these. */
export const areFeatures = async (reader: Reader, codes: readonly string[]): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from unnest($1::text[]) as wanted(code) where not exists (
       select 1 from feature f where f.code = wanted.code and f.status <> 'retired' and f.deleted_at is null) limit 1`,
    [codes],
  );
  return rows.length === 0;
};
