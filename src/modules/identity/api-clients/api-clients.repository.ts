import Type from 'typebox';
import { equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { exact, instant, nullable, oneOf, text } from '../../../platform/schema/types.ts';

const status = oneOf(['active', 'revoked']);
const scope = Type.String({
  pattern: '^[a-z-]+:[a-z-]+:[a-z_-]+$',
  maxLength: 100,
  examples: ['workforce:project:read'],
});

/** A machine that speaks for a company. */
export const ApiClient = entity({
  table: 'api_client',
  fields: {
    name: text(100),
    clientId: text(100),
    scopes: Type.Array(scope, { minItems: 1, maxItems: 100, uniqueItems: true }),
    expiresAt: nullable(instant()),
    status,
  },
  create: ['name', 'scopes', 'expiresAt'],
  edit: ['name', 'scopes', 'expiresAt'],
});
export type ApiClientRow = RowOf<typeof ApiClient>;

export const ApiClientView = exact(
  { ...ApiClient.view.properties, lastUsedAt: nullable(instant()) },
  { 'x-component': 'apiClient' },
);

const LAST_USED = `(select to_char(max(s.last_seen_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from session s
  where s.company_id = $1 and s.sid = k.client_id and s.last_seen_at > s.created_at)`;

export const apiClientList: ListDefinition = {
  name: 'api-clients',
  from: 'from api_client k',
  alias: 'k',
  where: 'k.company_id = $1 and k.deleted_at is null',
  item: ApiClient.json('k', { lastUsedAt: LAST_USED }),
  sorts: { name: 'k.name', created: 'k.created_at' },
  defaultSort: 'name',
  filters: { status: equalTo('k.status', status) },
};
