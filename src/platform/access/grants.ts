import type { SystemQuery } from '../db/system-query.ts';
import type { Grant, GrantScope, Reach } from './principal.ts';

interface SystemRole {
  readonly code: string;
  readonly reach: Reach;
  readonly grants: readonly string[];
  readonly denies: readonly string[];
}

interface OwnRole extends SystemRole {
  readonly id: string;
  readonly parentId: string | null;
  readonly systemParent: string | null;
}

/** A role that is held: a system role or an own one, in the whole company or one scope. */
export interface HeldRole {
  readonly systemRole: string | null;
  readonly roleId: string | null;
  readonly scope: GrantScope | null;
  readonly assignment?: NonNullable<Grant['assignment']>;
}

/** What decides what somebody may do. */
export interface GrantHolder {
  readonly kind: 'member' | 'support' | 'operator' | 'machine';
  readonly companyId: string;
  readonly operatorRole: string | null;
  /** What a machine client may do; null for people. */
  readonly scopes: readonly string[] | null;
  readonly assignments: readonly HeldRole[];
}

const grantsOf = (role: SystemRole, held: Pick<Grant, 'role' | 'scope' | 'assignment'>): Grant[] => {
  const base = { ...held, reach: role.reach, ...(role.code !== held.role && { inheritedFrom: role.code }) };
  return [
    ...role.grants.map((permission) => ({ ...base, permission, effect: 'grant' as const })),
    ...role.denies.map((permission) => ({ ...base, permission, effect: 'deny' as const })),
  ];
};

/** A role and everything it inherits, nearest first. The graph is kept acyclic by the roles' service; the set guards anyway. */
const lineage = (
  start: OwnRole | undefined,
  own: ReadonlyMap<string, OwnRole>,
  system: ReadonlyMap<string, SystemRole>,
): SystemRole[] => {
  const seen = new Set<string>();
  const found: SystemRole[] = [];
  for (let role = start; role !== undefined && !seen.has(role.id); role = own.get(role.parentId ?? '')) {
    seen.add(role.id);
    found.push(role);
    const base = system.get(role.systemParent ?? '');
    if (base !== undefined) found.push(base);
  }
  return found;
};

/** What the roles that somebody holds grant and deny, those that they inherit included. */
export const grantsOfRoles = (
  held: readonly HeldRole[],
  own: ReadonlyMap<string, OwnRole>,
  system: ReadonlyMap<string, SystemRole>,
): Grant[] =>
  held.flatMap(({ systemRole, roleId, scope, assignment }) => {
    const base = system.get(systemRole ?? '');
    const roles = base === undefined ? lineage(own.get(roleId ?? ''), own, system) : [base];
    const by = { role: roles[0]?.code ?? '', ...(scope && { scope }), ...(assignment && { assignment }) };
    return roles.flatMap((role) => grantsOf(role, by));
  });

const machineGrants = (scopes: readonly string[]): Grant[] =>
  scopes.map((permission) => ({ permission, effect: 'grant', reach: 'company', role: 'machine' }));

/** Reads what the roles of a session grant and deny, those that they inherit included. */
export const createGrants = (query: SystemQuery): ((holder: GrantHolder) => Promise<Grant[]>) => {
  /** The same text for all who hold a permission, of which there are some hundreds: each answer of the database brings its own. */
  const texts = new Map<string, string>();
  const shared = (permission: string): string =>
    texts.get(permission) ?? (texts.set(permission, permission), permission);
  const systemRoles = async (codes: readonly string[]): Promise<SystemRole[]> => {
    const roles = await query<SystemRole>(
      'system_roles',
      'select code, reach, grants, denies from system_role where code = any($1)',
      [codes],
    );
    return roles.map((role) => ({ ...role, grants: role.grants.map(shared), denies: role.denies.map(shared) }));
  };
  const ownRoles = (companyId: string) =>
    query<OwnRole>(
      'roles',
      `select id, code, reach, grants, denies, parent_id as "parentId", system_parent as "systemParent"
       from role where company_id = $1 and deleted_at is null`,
      [companyId],
    );
  return async (session) => {
    if (session.kind === 'machine') return machineGrants(session.scopes ?? []);
    if (session.kind === 'operator' || session.kind === 'support') {
      const code = session.kind === 'support' ? 'support_session' : (session.operatorRole ?? '');
      return (await systemRoles([code])).flatMap((role) => grantsOf(role, { role: role.code }));
    }
    const hasOwn = session.assignments.some(({ roleId }) => roleId !== null);
    const own = hasOwn ? await ownRoles(session.companyId) : [];
    const codes = [...session.assignments.map((held) => held.systemRole), ...own.map((role) => role.systemParent)];
    const system = new Map((await systemRoles(codes.filter((code) => code !== null))).map((role) => [role.code, role]));
    return grantsOfRoles(session.assignments, new Map(own.map((role) => [role.id, role])), system);
  };
};
