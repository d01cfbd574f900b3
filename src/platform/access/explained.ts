import Type from 'typebox';
import type { Static } from 'typebox';
import { exact, instant, nullable, oneOf, uuid } from '../schema/types.ts';
import { ABOUTS } from './catalogue.ts';
import type { About } from './catalogue.ts';
import { decide, LACKS, matches } from './decision.ts';
import type { Decision, Lack } from './decision.ts';
import { REACHES } from './principal.ts';
import type { GrantScope, Principal } from './principal.ts';

const SCOPE = exact({ kind: oneOf(['department', 'project']), id: uuid() });
/** `CLIENT`: nothing that asks for it takes the caller's client, whatever is granted. */
const REASONS = [...LACKS, 'CLIENT'] as const;
const SCOPES = Type.Array(SCOPE, { description: 'None: the whole company' });

/** One permission as it is held or not, and every grant and deny that speaks of it. */
export const Explained = exact({
  permission: Type.String({ examples: ['workforce:shift:read'] }),
  about: oneOf(ABOUTS, {
    description:
      'Rows of people: scopes narrow it; what everybody needs: a grant in any scope opens it; the company as a whole: no grant in a scope does',
  }),
  allowed: Type.Boolean(),
  because: nullable(
    oneOf(REASONS, { description: 'Why it is not held; CLIENT: nothing takes it from this client, granted or not' }),
  ),
  reach: nullable(oneOf(REACHES)),
  scopes: SCOPES,
  further: Type.Array(exact({ reach: oneOf(REACHES), scopes: SCOPES }), {
    description: 'Within scopes it goes further, or holds although it is denied around them',
  }),
  except: Type.Array(SCOPE, { description: 'It is denied in these, but for what is granted nearer' }),
  grants: Type.Array(
    exact({
      effect: oneOf(['grant', 'deny']),
      pattern: Type.String({ examples: ['workforce:*:read'] }),
      reach: oneOf(REACHES),
      role: Type.String({ description: 'The role that is held' }),
      inheritedFrom: nullable(Type.String({ description: 'The role that says it, where the held one inherits it' })),
      scope: nullable(SCOPE),
      assignmentId: nullable(uuid({ description: 'By which the role is held' })),
      expiresAt: nullable(instant()),
    }),
    { maxItems: 500 },
  ),
});
export type Explained = Static<typeof Explained>;

const plain = (scopes: readonly GrantScope[]): GrantScope[] => scopes.map(({ kind, id }) => ({ kind, id }));

/**
 * Why a permission is held or not: the very decision that requests go through, in the words of every answer about it. One that
 * is not `open` to the client through which the caller came is not held through it.
 */
export const explained = (
  principal: Pick<Principal, 'grants' | 'tokenScopes'>,
  permission: string,
  about: About,
  open = true,
): Explained => {
  const decision: Decision<Lack | 'CLIENT'> = open
    ? decide(principal, permission, about)
    : { allowed: false, because: 'CLIENT' };
  const { allowed } = decision;
  const grants = principal.grants.filter((grant) => matches(grant.permission, permission));
  return {
    permission,
    about,
    allowed,
    because: allowed ? null : decision.because,
    reach: allowed ? decision.reach : null,
    scopes: allowed ? plain(decision.scopes) : [],
    further: (allowed ? (decision.further ?? []) : []).map(({ reach, scopes }) => ({ reach, scopes: plain(scopes) })),
    except: allowed ? plain(decision.except ?? []) : [],
    grants: grants.map(({ effect, permission: pattern, reach, role, inheritedFrom, scope, assignment }) => ({
      effect,
      pattern,
      reach,
      role,
      inheritedFrom: inheritedFrom ?? null,
      scope: scope === undefined ? null : { kind: scope.kind, id: scope.id },
      assignmentId: assignment?.id ?? null,
      expiresAt: assignment?.expiresAt ?? null,
    })),
  };
};
