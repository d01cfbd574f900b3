import { randomUUID } from 'node:crypto';
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { stepsOf } from '../realm-definition.ts';
import type { FlowStep, RealmDefinition, RealmFlow } from '../realm-definition.ts';

/** Put behind the name of a flow that is in use until the one that was built anew takes its place. */
const RETIRED = '-retired';

/** Whether people sign in by this flow. */
const isBound = ({ id, alias }: RealmFlow, { browserFlow, directGrantFlow, clients = [] }: RealmDefinition): boolean =>
  alias === browserFlow ||
  alias === directGrantFlow ||
  clients.some(({ authenticationFlowBindingOverrides = {} }) =>
    Object.values(authenticationFlowBindingOverrides).includes(id ?? ''),
  );

/** Removes flows of earlier versions of the file by which nobody signs in any more. Answers whether there were any. */
export const removeRetired = async (client: KeycloakAdminClient, live: RealmDefinition): Promise<boolean> => {
  const retired = (live.authenticationFlows ?? []).filter(
    (flow) => flow.topLevel === true && flow.alias.endsWith(RETIRED) && !isBound(flow, live),
  );
  for (const { id = '' } of retired) await client.authenticationManagement.deleteFlow({ flowId: id });
  return retired.length > 0;
};

/**
 * A flow that is in use cannot be removed, and its name and those of its parts are needed. Its own name is changed last: what
 * was broken off is found by it, and taken up again.
 */
const retire = async (client: KeycloakAdminClient, flow: RealmFlow, live: RealmDefinition): Promise<void> => {
  if (flow.alias.endsWith(RETIRED)) return;
  for (const { flowAlias } of flow.authenticationExecutions ?? []) {
    const below = live.authenticationFlows?.find((one) => one.alias === flowAlias);
    if (below !== undefined) await retire(client, below, live);
  }
  const flowId = flow.id ?? '';
  const whole = await client.authenticationManagement.getFlow({ flowId });
  await client.authenticationManagement.updateFlow({ flowId }, { ...whole, alias: `${flow.alias}${RETIRED}` });
};

/** Adds a step at the end of a flow, and what is inside it. */
const addStep = async (
  client: KeycloakAdminClient,
  file: RealmDefinition,
  { flow, step: { name, requirement, config, steps } }: { flow: string; step: FlowStep },
): Promise<void> => {
  const { authenticationManagement: management } = client;
  if (steps === undefined) await management.addExecutionToFlow({ flow, provider: name });
  else {
    const { description = '' } = file.authenticationFlows?.find(({ alias }) => alias === name) ?? {};
    const provider = 'registration-page-form';
    await management.addFlowToFlow({ flow, alias: name, type: 'basic-flow', provider, description });
  }
  const added = (await management.getExecutions({ flow })).findLast(({ level }) => level === 0);
  if (added?.id === undefined) throw new Error(`Keycloak did not add ${name} to the flow ${flow}`);
  await management.updateExecution({ flow }, { ...added, requirement });
  // Its alias must be like no other in the realm, those of a retired flow included.
  const alias = `${flow} ${name} ${randomUUID()}`;
  if (Object.keys(config).length > 0) await management.createConfig({ id: added.id, alias, config });
  for (const step of steps ?? []) await addStep(client, file, { flow: name, step });
};

/**
 * Builds these flows as the file has them. One that people sign in by is renamed and stays in force, whole, until the
 * realm and its clients are told to go by the new one.
 */
export const mendFlows = async (
  client: KeycloakAdminClient,
  file: RealmDefinition,
  { live, names }: { live: RealmDefinition; names: ReadonlySet<string> },
): Promise<void> => {
  const { authenticationManagement: management } = client;
  for (const alias of names) {
    const old = live.authenticationFlows?.find((flow) => flow.alias === alias);
    if (old !== undefined && isBound(old, live)) await retire(client, old, live);
    else if (old !== undefined) await management.deleteFlow({ flowId: old.id ?? '' });
    const { description = '', providerId = 'basic-flow' } =
      file.authenticationFlows?.find((flow) => flow.alias === alias) ?? {};
    await management.createFlow({ alias, description, providerId, topLevel: true, builtIn: false });
    for (const step of stepsOf(file, alias)) await addStep(client, file, { flow: alias, step });
  }
};
