import { equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { code, nullable, oneOf, uuid } from '../../../platform/schema/types.ts';
import { CREDENTIAL_KINDS } from './kinds.ts';

/** A credential that a site or a role requires of everyone; what task kinds require stands with them. */
export const CredentialRequirement = entity({
  table: 'credential_requirement',
  fields: {
    kind: oneOf(CREDENTIAL_KINDS),
    siteId: nullable(uuid()),
    role: nullable(code(60, { examples: ['operator'] })),
  },
  create: ['kind', 'siteId', 'role'],
  edit: [],
});
export type CredentialRequirementRow = RowOf<typeof CredentialRequirement>;

export const requirementList: ListDefinition = {
  name: 'credential-requirements',
  from: 'from credential_requirement r',
  alias: 'r',
  where: 'r.company_id = $1 and r.deleted_at is null',
  item: CredentialRequirement.json('r'),
  sorts: { kind: 'r.kind' },
  defaultSort: 'kind',
  filters: { siteId: equalTo('r.site_id', uuid()), role: equalTo('r.role', code(60)) },
};
