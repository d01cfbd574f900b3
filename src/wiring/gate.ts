import { commerceFacts } from '../modules/commerce/gate-facts.ts';
import { fitnessFacts } from '../modules/fitness/gate-facts.ts';
import { audienceOf } from '../modules/fitness/recipients.reads.ts';
import type { Generation } from '../modules/fitness/requirements/generation.ts';
import { authorizationLifecycle } from '../modules/gate/authorizations/authorizations.lifecycle.ts';
import { authorizationsModule } from '../modules/gate/authorizations/authorizations.module.ts';
import { authorizationFacts, authorizationList } from '../modules/gate/authorizations/authorizations.repository.ts';
import { createCollector } from '../modules/gate/collect.ts';
import { createDecisions } from '../modules/gate/decisions.service.ts';
import {
  GateDecisionEntity,
  gateDecisionList,
  GateOverrideEntity,
  GateRuleSet,
} from '../modules/gate/gate.repository.ts';
import { gateModule } from '../modules/gate/gate.router.ts';
import { createGate } from '../modules/gate/gate.service.ts';
import type { Gate } from '../modules/gate/ports.ts';
import { workforceFacts, workPlace } from '../modules/workforce/gate-facts.ts';
import type { AssignmentGate, ShiftGate } from '../modules/workforce/ports.ts';
import type { Zones } from '../modules/organization/zones.ts';
import { reaches, visibleProfiles } from '../modules/organization/reach.ts';
import type { Module } from '../platform/http/module.ts';
import type { People } from '../modules/workforce/ports.ts';
import type { Platform } from './platform.ts';

export interface GateNeeds {
  readonly zones: Zones;
  readonly people: Pick<People, 'mustReach'>;
  /** Makes what a shift requires before the gate asks for it, and counts it from the actual start. */
  readonly requirements: Pick<Generation, 'forShiftIds' | 'shiftStarted'>;
}

export interface GateArea {
  readonly modules: readonly Module[];
  readonly gate: Gate;
  /** What the workforce asks before an assignment becomes active and before a shift starts. */
  readonly forWork: AssignmentGate & ShiftGate;
}

const NOWHERE = { assignmentId: null, shiftId: null, siteId: null, taskKindIds: [], equipmentKindIds: [] } as const;

const createWorkGate = (gate: Gate, { requirements }: GateNeeds): AssignmentGate & ShiftGate => ({
  askForAssignment: async (tx, { profileId, assignment }) => {
    const begins = new Date(`${assignment.startsOn}T12:00:00Z`);
    const at = (begins > tx.now ? begins : tx.now).toISOString();
    await gate.require(tx, { ...NOWHERE, profileId, purpose: 'assignment', at, assignmentId: assignment.id });
  },
  askForShift: async (tx, { profileId, shift }) => {
    const question = {
      ...NOWHERE,
      profileId,
      purpose: 'shift_start',
      at: tx.now.toISOString(),
      shiftId: shift.id,
    } as const;
    await gate.require(tx, question, (own) => requirements.forShiftIds(own, [shift.id]));
    await requirements.shiftStarted(tx, shift.id, tx.now);
  },
  askForCrew: async (tx, { profileId, shift }) => {
    await gate.require(tx, { ...NOWHERE, profileId, purpose: 'crew', at: shift.startsAt, shiftId: shift.id });
  },
});

/** The gate: its facts come from workforce, commerce, fitness, and from the authorizations of hours that it keeps itself. */
export const wireGate = (platform: Platform, needs: GateNeeds): GateArea => {
  const decisions = platform.repository(GateDecisionEntity);
  const overrides = platform.repository(GateOverrideEntity);
  const ruleSets = platform.repository(GateRuleSet);
  const providers = [workforceFacts, commerceFacts, fitnessFacts, authorizationFacts];
  const collect = createCollector(workPlace, providers, (provider, error) => {
    platform.log.error({ provider, err: error }, 'gate: facts could not be had; the decision blocks');
  });
  const gate = createGate({ collect, decisions, ruleSets, audience: audienceOf });
  const list = platform.list(gateDecisionList);
  const service = createDecisions({
    ...platform,
    gate,
    list,
    decisions,
    overrides,
    ruleSets,
    audience: audienceOf,
    visible: visibleProfiles,
    reaches,
  });
  return {
    gate,
    forWork: createWorkGate(gate, needs),
    modules: [
      gateModule({ service, list }),
      authorizationsModule({
        ...platform.crud(authorizationList, authorizationLifecycle),
        zones: needs.zones,
        visible: visibleProfiles,
        mustReach: (tx, context, profileId, pointer) => needs.people.mustReach(tx, context, profileId, pointer),
      }),
    ],
  };
};
