import Type from 'typebox';
import { entity, instant, line, listOf, nullable, oneOf } from '../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../platform/module.ts';
import { NOTICE_TYPE_NAMES } from './notice.ts';

/** Where a company's own systems are told of what happens. */
export const WebhookEndpoint = entity({
  table: 'webhook_endpoint',
  fields: {
    name: line(100),
    url: Type.String({
      format: 'uri',
      pattern: '^https://[^@#\\s]+$',
      maxLength: 500,
      description: 'Receives a POST for each event; its name must lead to public addresses only',
      examples: ['https://hooks.example.cl/angelis'],
    }),
    events: Type.Array(oneOf(NOTICE_TYPE_NAMES), { minItems: 1, maxItems: 50, uniqueItems: true }),
    status: oneOf(['active', 'failing', 'disabled']),
    failingSince: nullable(instant({ description: 'Since when nothing got through; a day later it is disabled' })),
  },
  hidden: {
    secretSealed: Type.String(),
    previousSealed: nullable(Type.String()),
    previousUntil: nullable(instant()),
  },
  // With its secret, by a route of its own.
  create: [],
  edit: ['name', 'url', 'events'],
});
export type WebhookRow = RowOf<typeof WebhookEndpoint>;

export const webhookList = listOf(WebhookEndpoint, { sorts: ['name', 'createdAt'], filters: ['status'] });

/** How many endpoints a company has. */
export const countWebhooks = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ count: number }>(
    'select count(*)::int as count from webhook_endpoint e where e.company_id = $1 and e.deleted_at is null',
    [reader.companyId],
  );
  return row!.count;
};

/** Takes an event's key for each endpoint that wants it and has not had it within the window; answers those, ascending. */
export const claimEvent = async (tx: Tx, event: string, dedupeKey: string, until: Date): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `insert into notice_key (company_id, recipient_id, dedupe_key, until)
     select $1, e.id, $3::text, $4::timestamptz from webhook_endpoint e
     where e.company_id = $1 and $2::text = any(e.events) and e.status <> 'disabled' and e.deleted_at is null
     order by e.id
     on conflict (company_id, recipient_id, dedupe_key) do update set until = excluded.until
       where notice_key.until <= $5
     returning recipient_id as id`,
    [tx.companyId, event, dedupeKey, until, tx.now],
  );
  return rows.map(({ id }) => id).toSorted();
};
