import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import type { CredentialRequirementRow } from './requirements.repository.ts';

/** Credentials that sites, roles and kinds of equipment require. */
export const createRequirementsService = (parts: CrudParts<CredentialRequirementRow>) =>
  createCrud({
    ...parts,
    onCreate: (_tx, { siteId, role, equipmentKindId }) => {
      const named = Object.entries({ siteId, role, equipmentKindId }).filter(([, value]) => value !== null);
      if (named.length !== 1) throw invalid(`/${named[1]?.[0] ?? 'siteId'}`, 'ONE_BASIS');
    },
    onRemove: true,
    onRestore: true,
  });
