import { createBreaches } from '../modules/fitness/cases/breaches.repository.ts';
import { createCaseLifecycle } from '../modules/fitness/cases/cases.lifecycle.ts';
import { caseList, withAudience } from '../modules/fitness/cases/cases.repository.ts';
import { casesModule } from '../modules/fitness/cases/cases.router.ts';
import { createCases, medicalRenewedSince } from '../modules/fitness/cases/cases.service.ts';
import { createTelling } from '../modules/fitness/cases/escalation.ts';
import type { Telling } from '../modules/fitness/cases/escalation.ts';
import { createHolds, Hold } from '../modules/fitness/cases/holds.repository.ts';
import type { Holds } from '../modules/fitness/cases/holds.repository.ts';
import { createMissed } from '../modules/fitness/cases/missed.ts';
import { createOpening, createRising } from '../modules/fitness/cases/opening.ts';
import type { OpenCase } from '../modules/fitness/cases/opening.ts';
import { createOutcome } from '../modules/fitness/cases/outcome.ts';
import { breachList } from '../modules/fitness/compliance/breaches.reads.ts';
import { withBulkMarks, withMarks } from '../modules/fitness/requirements/marks.ts';
import { createDayTotals } from '../modules/fitness/compliance/compliance.days.ts';
import { createCompliance } from '../modules/fitness/compliance/compliance.service.ts';
import { complianceModule } from '../modules/fitness/compliance/compliance.router.ts';
import { createDecisions } from '../modules/fitness/decisions.ts';
import type { Decisions } from '../modules/fitness/decisions.ts';
import type { Notices } from '../modules/fitness/notices.ts';
import * as policies from '../modules/fitness/policies.reads.ts';
import type { FitnessOutcome } from '../modules/fitness/ports.ts';
import * as recipients from '../modules/fitness/recipients.reads.ts';
import { createAttempts } from '../modules/fitness/requirements/attempts.ts';
import { createDraw } from '../modules/fitness/requirements/draw.ts';
import { createGeneration } from '../modules/fitness/requirements/generation.ts';
import type { Generation } from '../modules/fitness/requirements/generation.ts';
import { DROP_REQUIREMENTS, dropJob } from '../modules/fitness/requirements/leaving.jobs.ts';
import { createRequirementLifecycle } from '../modules/fitness/requirements/requirements.lifecycle.ts';
import { Requirement, requirementList } from '../modules/fitness/requirements/requirements.repository.ts';
import { requirementsModule } from '../modules/fitness/requirements/requirements.router.ts';
import { createRequirements } from '../modules/fitness/requirements/requirements.service.ts';
import * as roster from '../modules/fitness/shifts.reads.ts';
import { runningShiftEnd } from '../modules/fitness/shifts.reads.ts';
import { createShiftFollower } from '../modules/fitness/shift-follower.ts';
import type { FollowShifts } from '../modules/fitness/shift-follower.ts';
import { reaches, towardRow as toward, visibleProfiles } from '../modules/organization/reach.ts';
import type { Tx } from '../platform/db/database.ts';
import type { Module } from '../platform/http/module.ts';
import type { ProfileFollower } from './people.ts';
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
  /** Requires no more of somebody whose time is over. */
  readonly follow: ProfileFollower;
}

const visible = visibleProfiles;

interface Shared {
  readonly decisions: Decisions;
  readonly holds: Holds;
  readonly telling: Telling;
}

const wireCases = (platform: Platform, { decisions, holds, telling }: Shared) => {
  const breaches = createBreaches({ ...platform, roster, recipients });
  const { tell, recheck } = telling;
  const lifecycle = createCaseLifecycle({
    keep: decisions.write,
    holds,
    tell,
    recheck,
    medicalRenewedSince,
    breach: breaches.undecided,
    shiftEnd: runningShiftEnd,
  });
  const parts = platform.crud(caseList, lifecycle, (rows) => withAudience(rows, recipients));
  const { repository, mover } = parts;
  const service = createCases({ ...platform, ...parts, decisions, visible, toward });
  const rise = createRising({ holds, tell });
  const openCase = createOpening({ cases: repository, mover, holds, tell, rise });
  return { breaches, repository, mover, openCase, rise, module: casesModule(service) };
};

const wireRequirements = (platform: Platform, { decisions, holds, telling }: Shared, openCase: OpenCase) => {
  const draw = createDraw(platform.keys.signing);
  const lift = (tx: Tx, { id }: { id: string }, because: string) => holds.lift(tx, { requirementId: id }, because);
  const lifecycle = createRequirementLifecycle({
    keep: decisions.write,
    draw,
    lift,
    ...createMissed({ holds, openCase, telling, policies, roster }),
  });
  const parts = platform.crud(requirementList, lifecycle, (rows) => withMarks(withAudience(rows, recipients)));
  const generation = createGeneration({ requirements: parts.repository, mover: parts.mover, policies, roster, draw });
  const service = createRequirements({
    ...platform,
    ...parts,
    generation,
    decisions,
    roster,
    visible,
    reaches,
    toward,
  });
  const attempts = createAttempts({
    bulk: withBulkMarks(platform.bulk(Requirement)),
    mover: parts.mover,
    recipients,
    lift,
  });
  const jobs = [dropJob({ ...platform, requirements: parts.repository })];
  return { generation, attempts, jobs, module: requirementsModule(service) };
};

/** Required tests, cases, holds, escalation. */
export const wireFitnessCases = (platform: Platform, { notices }: CasesNeeds): CasesArea => {
  const shared = {
    decisions: createDecisions(platform),
    holds: createHolds(withAudience(platform.repository(Hold), recipients)),
    telling: createTelling(notices, recipients),
  };
  const { repository: cases, module: casesPart, ...own } = wireCases(platform, shared);
  const { attempts, generation, jobs, module: requirementsPart } = wireRequirements(platform, shared, own.openCase);
  const { alertSafety } = shared.telling;
  const outcome = createOutcome({ ...own, ...shared, cases, attempts, generation, alertSafety, policies, roster });
  const list = platform.list(breachList);
  const compliance = complianceModule({
    list,
    service: createCompliance({ ...platform, list, visible }),
    keepTotals: createDayTotals(platform),
  });
  const followShifts = createShiftFollower({ generation, cases, mover: own.mover, holds: shared.holds });
  const follow: ProfileFollower = async (tx, { id, status }) => {
    if (status === 'ended') await platform.enqueue(tx, DROP_REQUIREMENTS, { profileId: id });
  };
  const modules = [{ ...requirementsPart, jobs }, casesPart, compliance];
  return { modules, outcome, generation, followShifts, follow };
};
