import { API_CLIENT } from '../identity-provider/realm.ts';
import type { RealmDefinition } from '../identity-provider/realm-definition.ts';
import { compareRealm, tellDifference } from '../identity-provider/realm-diff.ts';
import { clientsWithoutAudience } from '../identity-provider/realm-lint.ts';
import type { RealmReader } from '../identity-provider/keycloak/realm-state.ts';
import { Fault } from './check.ts';
import type { Figures } from './check.ts';

const MOST_SHOWN = 5;

/** The identity provider answers and has the realm. */
export const checkIdentityProvider = async ({ realmUrl }: Pick<RealmReader, 'realmUrl'>): Promise<void> => {
  const response = await fetch(`${realmUrl}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(5_000) });
  await response.body?.cancel();
  if (response.status === 404)
    throw new Fault(
      `Keycloak has no realm at ${realmUrl}`,
      'make it with "angelis realm apply" (config/keycloak/README.md), or correct KEYCLOAK_REALM',
    );
  if (!response.ok) throw new Error(`it answers ${response.status}`);
};

/** The realm is set as the file of this release says, its variables filled in. */
export const checkRealm = async (realm: RealmReader, file: RealmDefinition): Promise<Figures> => {
  const drift = compareRealm(file, await realm.state());
  if (drift.length > 0) {
    const more = drift.length > MOST_SHOWN ? `; and ${drift.length - MOST_SHOWN} more` : '';
    throw new Fault(
      `the realm differs from config/keycloak/angelis-realm.json: ${drift.slice(0, MOST_SHOWN).map(tellDifference).join('; ')}${more}`,
      'look at "angelis realm diff", then set it as the file says with "angelis realm apply"; or correct PUBLIC_URL, ADMIN_REDIRECT_URIS or KEYCLOAK_OTP_KEY',
    );
  }
  return { drift: 0 };
};

/** Every client through which tokens for this system are made names it as their audience. */
export const checkAudience = async (realm: RealmReader): Promise<void> => {
  const without = clientsWithoutAudience(await realm.state());
  if (without.length > 0)
    throw new Fault(
      `no audience mapper for ${API_CLIENT} on ${without.join(', ')}: their tokens are refused`,
      `"angelis realm apply" gives it to our own; a machine client needs a new one: remove it and make it again`,
    );
};
