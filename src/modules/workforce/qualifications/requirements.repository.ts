import { code, entity, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';
import { CREDENTIAL_KINDS } from './kinds.ts';

/** A credential that a site, a role or a kind of equipment requires of everyone; what task kinds require stands with them. */
export const CredentialRequirement = entity({
  table: 'credential_requirement',
  fields: {
    kind: oneOf(CREDENTIAL_KINDS),
    siteId: nullable(uuid()),
    role: nullable(code(60, { examples: ['operator'] })),
    equipmentKindId: nullable(uuid({ description: 'Of whoever works with equipment of this kind' })),
  },
  create: ['kind', 'siteId', 'role', 'equipmentKindId'],
  edit: [],
});
export type CredentialRequirementRow = RowOf<typeof CredentialRequirement>;

export const requirementList = listOf(CredentialRequirement, {
  sorts: ['kind'],
  coarse: { siteId: 'a company asks for some dozens in all', role: 'the same', equipmentKindId: 'the same' },
});
