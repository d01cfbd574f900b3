import { createCrud, invalid } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import type { CredentialRequirementRow } from './requirements.repository.ts';

/** Credentials that sites and roles require. */
export const createRequirementsService = (parts: CrudParts<CredentialRequirementRow>) =>
  createCrud({
    ...parts,
    onCreate: (_tx, { siteId, role }) => {
      if ((siteId === null) === (role === null)) throw invalid(siteId === null ? '/siteId' : '/role', 'SITE_OR_ROLE');
    },
    onRemove: true,
  });
