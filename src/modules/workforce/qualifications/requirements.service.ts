import { createCrud } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { invalid } from '../../../platform/problem.ts';
import type { CredentialRequirementRow } from './requirements.repository.ts';

interface RequirementsDependencies {
  readonly repository: Repository<CredentialRequirementRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
}

/** Credentials that sites and roles require. */
export const createRequirementsService = ({ repository, list, work, now }: RequirementsDependencies) =>
  createCrud({
    repository,
    list,
    work,
    now,
    onCreate: (_tx, body) => {
      const { siteId, role } = body as CredentialRequirementRow;
      if ((siteId === null) === (role === null)) throw invalid(siteId === null ? '/siteId' : '/role', 'SITE_OR_ROLE');
      return Promise.resolve({});
    },
    onRemove: () => Promise.resolve(),
  });
