import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetworkError } from '@keycloak/keycloak-admin-client';
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';

/** A role that is there while somebody changes the realm: of a name Keycloak makes one, whoever asks at the same time. */
export const APPLYING = 'angelis-realm-apply';

/** Milliseconds between two signs of life, and without one until whoever took the lock is taken to be gone. */
const BEAT = 2_000;
const SILENCE = 15_000;

/**
 * Answers whether it was made, and not there already: Keycloak answers 409, or 400 of its database where two ask in the same
 * moment. Throws what it answers where it is not there after all.
 */
export const makeOnce = async (make: () => Promise<unknown>, find: () => Promise<unknown>): Promise<boolean> => {
  try {
    await make();
    return true;
  } catch (error) {
    if (error instanceof NetworkError && (error.response.status === 409 || (await find()))) return false;
    throw error;
  }
};

const take = async (client: KeycloakAdminClient, description: string, onWait: () => void): Promise<void> => {
  const name = APPLYING;
  const find = () => client.roles.findOneByName({ name });
  let seen: { sign: string | undefined; at: number } | undefined;
  while (!(await makeOnce(() => client.roles.create({ name, description }), find))) {
    if (seen === undefined) onWait();
    const sign = (await find())?.description;
    if (seen === undefined || sign !== seen.sign) seen = { sign, at: performance.now() };
    // Its process died: what it broke off is taken up.
    else if (performance.now() - seen.at > SILENCE) await client.roles.delByName({ name });
    await sleep(BEAT / 4);
  }
};

/**
 * Runs `work` while nobody else changes the realm in this way: two at once would rename each other's flows. Waits for whoever
 * does, after `onWait`; throws, once it is done, if somebody took this one for gone meanwhile.
 */
export const alone = async <T>(client: KeycloakAdminClient, onWait: () => void, work: () => Promise<T>): Promise<T> => {
  const name = APPLYING;
  const own = randomUUID();
  let beats = 0;
  let lost: unknown;
  const sign = (): string => `${own} ${beats}`;
  await take(client, sign(), onWait);
  const beat = async (): Promise<void> => {
    if (!(await client.roles.findOneByName({ name }))?.description?.startsWith(own))
      throw new Error('Another "angelis realm apply" went on in between: run it again');
    beats += 1;
    await client.roles.updateByName({ name }, { name, description: sign() });
  };
  const timer = setInterval(() => void beat().catch((error: unknown) => (lost ??= error)), BEAT);
  try {
    const done = await work();
    if (lost !== undefined) throw lost;
    return done;
  } finally {
    clearInterval(timer);
    if (lost === undefined) await client.roles.delByName({ name });
  }
};
