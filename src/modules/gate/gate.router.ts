import Type from 'typebox';
import type { List } from '../../platform/db/list.ts';
import { BY_ID } from '../../platform/crud/routes.ts';
import type { Module } from '../../platform/http/module.ts';
import { created, ok, RawJson, route } from '../../platform/http/route.ts';
import type { Route } from '../../platform/http/route.ts';
import { keeps } from '../../platform/privacy/erasure.ts';
import { exact, instant, integer, line, oneOf, pageOf, text, uuid } from '../../platform/schema/types.ts';
import type { DecisionsService } from './decisions.service.ts';
import { PURPOSES } from './facts.ts';
import { GateDecisionDetail, GateDecisionEntity, GateOverrideEntity, ReasonSchema } from './gate.repository.ts';
import { OUTCOMES } from './reasons.ts';
import { GateRulesSchema, HourLimitsSchema } from './rules.ts';

interface GateRouterDependencies {
  readonly service: DecisionsService;
  readonly list: List;
}

const ASK = exact({
  profileId: uuid(),
  purpose: oneOf(PURPOSES),
  at: Type.Optional(instant({ description: 'Default: now' })),
  assignmentId: Type.Optional(uuid()),
  shiftId: Type.Optional(uuid()),
  siteId: Type.Optional(uuid()),
  taskKindIds: Type.Optional(Type.Array(uuid(), { maxItems: 20, uniqueItems: true })),
  equipmentKindIds: Type.Optional(
    Type.Array(uuid(), {
      maxItems: 20,
      uniqueItems: true,
      description: 'Kinds of equipment that the work is done with',
    }),
  ),
});

const OVERRIDE = exact({
  reasonKeys: Type.Array(line(300), { minItems: 1, maxItems: 50, uniqueItems: true }),
  startsAt: Type.Optional(instant({ description: 'Default: now' })),
  endsAt: instant(),
  reason: text(500),
});

const REPLAY = exact({
  same: Type.Boolean({ description: 'Whether the recorded facts give the stored answer' }),
  outcome: oneOf(OUTCOMES),
  effectiveOutcome: oneOf(OUTCOMES),
  reasons: Type.Array(ReasonSchema, { maxItems: 1_000 }),
  ruleVersion: line(40),
});

const RULES = exact({
  hours: HourLimitsSchema,
  maximumOverrideMinutes: integer(1, 10_080, { description: 'How long one override may last' }),
});

const decisionRoutes = ({ service, list }: GateRouterDependencies): Route[] => [
  route(
    {
      method: 'post',
      path: '/decisions',
      id: 'askGate',
      summary: 'May this person do this work, here, at this time?',
      permission: 'gate:decision:ask',
      machines: true,
      body: ASK,
      idempotency: 'accepted',
      responses: { 201: GateDecisionEntity.view },
    },
    async ({ body }, context) => {
      const row = await service.ask(context, body);
      return created(`/angelis/gate/decisions/${row.id}`, row);
    },
  ),
  route(
    {
      method: 'get',
      path: '/decisions',
      id: 'listGateDecisions',
      summary: 'List decisions of the gate',
      permission: 'gate:decision:read',
      machines: true,
      query: list.query,
      responses: { 200: pageOf(GateDecisionEntity.view) },
    },
    async ({ query }, context) => ok(new RawJson(await service.page(context, query))),
  ),
  route(
    {
      method: 'get',
      path: '/decisions/:id',
      id: 'getGateDecision',
      summary: 'Read a decision with its facts and overrides',
      permission: 'gate:decision:read',
      machines: true,
      params: BY_ID,
      responses: { 200: GateDecisionDetail },
    },
    async ({ params }, context) => ok(new RawJson((await service.detail(context, params.id)).text)),
  ),
  route(
    {
      method: 'get',
      path: '/decisions/:id/replay',
      id: 'replayGateDecision',
      summary: 'Decide again from the recorded facts and rules',
      permission: 'gate:decision:read',
      params: BY_ID,
      responses: { 200: REPLAY },
    },
    async ({ params }, context) => ok(await service.replay(context, params.id)),
  ),
  route(
    {
      method: 'post',
      path: '/decisions/:id/override',
      id: 'overrideGateDecision',
      summary: 'Let work go on against named reasons, for a stated time',
      permission: 'gate:decision:override',
      params: BY_ID,
      body: OVERRIDE,
      idempotency: 'accepted',
      responses: { 201: GateOverrideEntity.view },
    },
    async ({ params, body }, context) =>
      created(`/angelis/gate/decisions/${params.id}`, await service.override(context, params.id, body)),
  ),
];

const ruleRoutes = ({ service }: GateRouterDependencies): Route[] => [
  route(
    {
      method: 'get',
      path: '/rules',
      id: 'getGateRules',
      summary: 'Rules of the gate that are in force',
      permission: 'gate:rule:read',
      responses: { 200: GateRulesSchema },
    },
    async (_input, context) => {
      const rules = await service.rules(context);
      return ok(rules, `"${rules.version}"`);
    },
  ),
  route(
    {
      method: 'put',
      path: '/rules',
      id: 'setGateRules',
      summary: 'Set the rules of the gate: a new version',
      permission: 'gate:rule:write',
      clients: ['admin'],
      body: RULES,
      ifMatch: true,
      responses: { 200: GateRulesSchema },
    },
    async ({ body, version }, context) => {
      const rules = await service.setRules(context, body, version);
      return ok(rules, `"${rules.version}"`);
    },
  ),
];

/** /gate */
export const gateModule = (dependencies: GateRouterDependencies): Module => ({
  name: 'gate',
  base: '/gate',
  permissions: {
    'gate:decision:ask': 'rows',
    'gate:decision:read': 'rows',
    'gate:decision:override': 'rows',
    'gate:rule:read': 'company',
    'gate:rule:write': 'company',
  },
  erasures: [keeps(GateDecisionEntity), keeps(GateOverrideEntity)],
  routes: [...decisionRoutes(dependencies), ...ruleRoutes(dependencies)],
});
