import { createBreaches } from '../modules/fitness/cases/breaches.repository.ts';
import { createCaseLifecycle } from '../modules/fitness/cases/cases.lifecycle.ts';
import { caseList, FitnessCase, withAudience } from '../modules/fitness/cases/cases.repository.ts';
import { casesModule } from '../modules/fitness/cases/cases.router.ts';
import { createCases, medicalRenewedSince } from '../modules/fitness/cases/cases.service.ts';
import { createTelling } from '../modules/fitness/cases/escalation.ts';
import type { Telling } from '../modules/fitness/cases/escalation.ts';
import { createHolds, Hold } from '../modules/fitness/cases/holds.repository.ts';
import type { Holds } from '../modules/fitness/cases/holds.repository.ts';
import { createMissed } from '../modules/fitness/cases/missed.ts';
import { createOpening } from '../modules/fitness/cases/opening.ts';
import type { OpenCase } from '../modules/fitness/cases/opening.ts';
import { createOutcome } from '../modules/fitness/cases/outcome.ts';
import { breachList } from '../modules/fitness/compliance/breaches.reads.ts';
import { complianceModule } from '../modules/fitness/compliance/compliance.router.ts';
import type { Notices } from '../modules/fitness/notices.ts';
import type { FitnessOutcome } from '../modules/fitness/ports.ts';
import { createAttempts } from '../modules/fitness/requirements/attempts.ts';
import { createGeneration } from '../modules/fitness/requirements/generation.ts';
import type { Generation } from '../modules/fitness/requirements/generation.ts';
import { createRequirementLifecycle } from '../modules/fitness/requirements/requirements.lifecycle.ts';
import { Requirement, requirementList } from '../modules/fitness/requirements/requirements.repository.ts';
import { requirementsModule } from '../modules/fitness/requirements/requirements.router.ts';
import { createRequirements } from '../modules/fitness/requirements/requirements.service.ts';
import { createShiftFollower } from '../modules/fitness/shift-follower.ts';
import type { FollowShifts } from '../modules/fitness/shift-follower.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

export interface CasesNeeds {
  /** Who hears of alerts, missed tests and escalations; the notifications area sends them on. */
  readonly notices: readonly Notices[];
}

export interface CasesArea {
  readonly modules: readonly Module[];
  /** What follows from results: ingest runs it in its own transaction. */
  readonly outcome: FitnessOutcome;
  /** Wraps the repository of shifts, so that required tests and cases follow the roster. */
  readonly followShifts: FollowShifts;
  /** Makes requirements with the roster. */
  readonly generation: Generation;
}

interface Shared {
  readonly holds: Holds;
  readonly telling: Telling;
}

const wireCases = (platform: Platform, { holds, telling }: Shared) => {
  const breaches = createBreaches(platform.changes);
  const repository = withAudience(platform.repository(FitnessCase));
  const list = platform.list(caseList);
  const { tell } = telling;
  const lifecycle = createCaseLifecycle({ holds, tell, breach: breaches.undecided, medicalRenewedSince });
  const mover = platform.mover(lifecycle, repository);
  const service = createCases({ ...platform, repository, list, mover, vault: platform.companyVault });
  const openCase = createOpening({ cases: repository, mover, holds, tell });
  return { breaches, repository, mover, openCase, module: casesModule({ service, list, lifecycle }) };
};

const wireRequirements = (platform: Platform, { holds, telling }: Shared, openCase: OpenCase) => {
  const repository = withAudience(platform.repository(Requirement));
  const list = platform.list(requirementList);
  const lifecycle = createRequirementLifecycle({
    lift: (tx, { id }, because) => holds.lift(tx, { requirementId: id }, because),
    missed: createMissed({ holds, openCase, telling }),
  });
  const mover = platform.mover(lifecycle, repository);
  const generation = createGeneration(repository);
  const vault = platform.companyVault;
  const service = createRequirements({ ...platform, repository, list, mover, generation, vault });
  const attempts = createAttempts(repository, mover);
  return { generation, attempts, module: requirementsModule({ service, list, lifecycle }) };
};

/** Required tests, cases, holds, escalation. */
export const wireFitnessCases = (platform: Platform, { notices }: CasesNeeds): CasesArea => {
  const shared = { holds: createHolds(withAudience(platform.repository(Hold))), telling: createTelling(notices) };
  const { repository: cases, module: casesPart, ...own } = wireCases(platform, shared);
  const { attempts, generation, module: requirementsPart } = wireRequirements(platform, shared, own.openCase);
  const { alertSafety } = shared.telling;
  const outcome = createOutcome({ ...own, ...shared, cases, attempts, generation, alertSafety });
  const compliance = complianceModule({ ...platform, breaches: platform.list(breachList) });
  const followShifts = createShiftFollower({ generation, cases, mover: own.mover });
  return { modules: [requirementsPart, casesPart, compliance], outcome, generation, followShifts };
};
