import { caseList, FitnessCase } from '../modules/fitness/cases/cases.repository.ts';
import { breachList } from '../modules/fitness/compliance/breaches.reads.ts';
import type { ComplianceCounts } from '../modules/fitness/compliance/compliance.ts';
import { complianceBy, COUNTS, fallenDue, levelsBy } from '../modules/fitness/compliance/compliance.reads.ts';
import { standingTo, toward, visibleProfiles } from '../modules/organization/reach.ts';
import type { CompliancePeriod } from '../modules/fitness/compliance/compliance.reads.ts';
import { createCursors } from '../platform/db/cursor.ts';
import type { Reader } from '../platform/db/database.ts';
import type { Restriction } from '../platform/db/list.ts';
import type { Context } from '../platform/http/context.ts';
import type { Module } from '../platform/http/module.ts';
import type { Permission } from '../platform/http/route.ts';
import { takesIn } from '../platform/access/allowance.ts';
import type { ActionsOf } from '../portals/actions.ts';
import type { Standing } from '../platform/lifecycle/mover.ts';
import { createDashboard } from '../portals/dashboard/dashboard.service.ts';
import { dashboardModule } from '../portals/dashboard/dashboard.router.ts';
import { breachCounts, heatBy } from '../portals/manager/manager.reads.ts';
import { managerModule } from '../portals/manager/manager.router.ts';
import { createManagerPortal } from '../portals/manager/manager.service.ts';
import { createBoard } from '../portals/supervisor/board.reads.ts';
import { supervisorModule } from '../portals/supervisor/supervisor.router.ts';
import { createSupervisorPortal } from '../portals/supervisor/supervisor.service.ts';
import { ownCases, ownResults, todayOf } from '../portals/worker/worker.reads.ts';
import { workerModule } from '../portals/worker/worker.router.ts';
import { createWorkerPortal } from '../portals/worker/worker.service.ts';
import type { Platform } from './platform.ts';

const complianceByDay = (reader: Reader, period: CompliancePeriod, restrict: Restriction) =>
  complianceBy(reader, 'day', period, restrict);

/** What the caller may do with rows of `entity` about people whom they see, asked of the lifecycle that moves them. */
const actionsOf =
  ({ movers, now }: Platform, entity: string): ActionsOf =>
  async (reader, context, profileIds) => {
    const mover = movers.get(entity);
    if (mover === undefined) throw new Error(`nothing moves ${entity}: wire its module before the portals`);
    const standings: [Permission, (profileId: string) => Context | undefined][] = [];
    for (const [permission, caller] of mover.callersOf(context)) {
      const stand = takesIn(caller.allowance, context.allowance) ? toward : standingTo;
      standings.push([permission, await stand(reader, caller, profileIds)]);
    }
    return (profileId, row) => {
      const held = standings.flatMap(([permission, standing]): [Permission, Standing][] => {
        const caller = standing(profileId);
        return caller === undefined ? [] : [[permission, { caller }]];
      });
      return mover.actions(row as never, now(), new Map(held));
    };
  };

const wireWorker = (platform: Platform): Module => {
  const results = platform.list(ownResults);
  const cases = platform.list(ownCases);
  const shiftActions = actionsOf(platform, 'shift');
  return workerModule({
    results,
    cases,
    portal: createWorkerPortal({ ...platform, today: todayOf, results, cases, shiftActions }),
  });
};

const wireSupervisor = (platform: Platform): Module => {
  const names = { firstName: 'p.first_name', lastName: 'p.last_name' };
  const cases = platform.list({
    ...caseList,
    name: 'supervised-cases',
    from: `${caseList.from} join profile p on p.company_id = $1 and p.id = t.profile_id`,
    item: FitnessCase.json('t', names),
    members: FitnessCase.members('t', names),
  });
  const portal = createSupervisorPortal({
    ...platform,
    cases,
    cursors: createCursors(platform.keys.signing, platform.now),
    board: createBoard((alias) => FitnessCase.json(alias)),
    visible: visibleProfiles,
    caseActions: actionsOf(platform, 'fitness_case'),
    complianceByDay,
  });
  return supervisorModule({ portal, cases, caseView: FitnessCase.view });
};

const wireManager = (platform: Platform): Module =>
  managerModule(
    createManagerPortal({
      ...platform,
      visible: visibleProfiles,
      complianceBy,
      levelsBy,
      heatBy: heatBy<ComplianceCounts>({ fallenDue, counts: COUNTS }),
      breachCounts: breachCounts(breachList.from),
    }),
  );

const wireDashboard = (platform: Platform): Module =>
  dashboardModule(
    createDashboard({
      ...platform,
      visible: visibleProfiles,
      complianceByDay,
    }),
  );

/** Screens: read models of their own over what the areas wrote; every move has its one path in its area. */
export const wirePortals = (platform: Platform): readonly Module[] => [
  wireWorker(platform),
  wireSupervisor(platform),
  wireManager(platform),
  wireDashboard(platform),
];
