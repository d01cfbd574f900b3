import Type from 'typebox';
import { entity, exact, instant, line, listOf, nullable, oneOf } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

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
    name: line(100),
    clientId: line(100),
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
  where s.company_id = $1 and s.sid = t.client_id and s.last_seen_at > s.created_at)`;

export const apiClientList = listOf(ApiClient, {
  sorts: ['name', 'createdAt'],
  coarse: { status: 'machine clients are few' },
  extra: { lastUsedAt: LAST_USED },
});
