import Type from 'typebox';
import type { Reader } from '../../../platform/db/database.ts';
import { exact, integer, oneOf, text } from '../../../platform/schema/types.ts';

/** What a company can subscribe to. The catalogue is the operator's and comes from a seed set. */
export const OFFERING = exact({
  code: text(40, { examples: ['SAFER'] }),
  name: text(100, { description: 'In the caller’s language' }),
  features: Type.Array(text(60), { maxItems: 50 }),
  unit: oneOf(['seat_month', 'company_month']),
  priceMinor: integer(0, Number.MAX_SAFE_INTEGER, { description: 'Minor units of `currency` for one `unit`' }),
  currency: text(3, { description: 'ISO 4217' }),
});

/** All offerings as JSON text, by code. */
export const offeringsPage = async (reader: Reader, locale: string): Promise<string> => {
  const [row] = await reader.prepared<{ items: string }>(
    `select coalesce(json_agg(json_build_object('code', o.code, 'name', o.names ->> $1, 'features', o.features,
       'unit', o.unit, 'priceMinor', o.price_minor, 'currency', o.currency) order by o.code), '[]')::text as items
     from offering o`,
    [locale],
  );
  return `{"items":${row!.items},"next":null}`;
};
