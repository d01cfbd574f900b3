import { v7 as uuidv7 } from 'uuid';
import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { matches } from '../../../platform/access/decision.ts';
import { conflict, createCrud, forbidden, invalid } from '../../../platform/module.ts';
import type { Context, CrudParts, Tx } from '../../../platform/module.ts';
import { beyondOwn, givesNoMore, lineageOf, outranks, worthOfLineage } from './authority.ts';
import type { Covers, RoleParts } from './authority.ts';
import { mustHavePlaces } from './places.ts';
import { holdersOf, holdingsOf, lastHeld, limitedRoles, rolesOf } from './roles.repository.ts';
import type { RoleRow } from './roles.repository.ts';
import { serializeRoles } from './standing.ts';
import type { Standee, Standing } from './standing.ts';
import { SYSTEM_ROLES } from './system-roles.ts';

interface RolesDependencies extends CrudParts<RoleRow> {
  /** Every permission of every module; asked when a request comes. */
  readonly catalogue: () => Catalogue;
  readonly standing: Standing;
  /** Takes a role from people who left: it is theirs no more once it is deleted. */
  readonly takeFromLeavers: (tx: Tx, roleId: string) => Promise<void>;
  /** The roles of the company changed: every session loads what it may do again. */
  readonly raiseAccessEpoch: (tx: Tx) => Promise<void>;
}

const WRITE = 'organization:role:write';
const NOWHERE: Covers = () => false;
const ASSIGNABLE = new Set(SYSTEM_ROLES.filter(({ assignable }) => assignable).map(({ code }) => code));

type Given = Omit<RoleParts, 'id'>;
const partsOf = ({ code, parentId, systemParent, reach, grants, denies }: Given, id: string): RoleParts => ({
  id,
  code,
  parentId,
  systemParent,
  reach,
  grants,
  denies,
});

/** Own roles of a company: known permissions only, no circles, nothing that their maker does not hold. */
export const createRolesService = ({
  catalogue,
  standing,
  takeFromLeavers,
  raiseAccessEpoch,
  ...parts
}: RolesDependencies) => {
  const checkPatterns = (field: 'grants' | 'denies', patterns: readonly string[]): void => {
    const known = Object.keys(catalogue());
    const strange = patterns.findIndex((pattern) => !known.some((permission) => matches(pattern, permission)));
    if (strange >= 0) throw invalid(`/${field}/${strange}`, 'UNKNOWN_PERMISSION');
  };
  const checkParents = (role: RoleParts, all: ReadonlyMap<string, RoleParts>): void => {
    const { systemParent, parentId } = role;
    if (systemParent !== null && !ASSIGNABLE.has(systemParent)) throw invalid('/systemParent', 'UNKNOWN_REFERENCE');
    if (parentId === null) return;
    const parent = all.get(parentId);
    if (parent === undefined) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
    if (lineageOf(parent, all).some(({ id }) => id === role.id)) throw conflict('ROLE_CYCLE');
  };
  /** Refuses a role that is more than its maker. */
  const checkOwn = async (
    tx: Tx,
    maker: Standee,
    role: RoleParts,
    all: ReadonlyMap<string, RoleParts>,
  ): Promise<void> => {
    const lineage = [role, ...lineageOf(all.get(role.parentId ?? ''), all)];
    const beyond = beyondOwn(lineage, maker.principal.grants, catalogue(), null, NOWHERE);
    if (beyond !== undefined) throw forbidden('GRANT_ABOVE_OWN', { params: { permission: beyond } });
    const worth = worthOfLineage(lineage);
    if (worth > 0 && !outranks(await standing.levelOf(tx, maker), worth)) throw forbidden('ROLE_ABOVE_OWN');
  };
  const check = async (tx: Tx, context: Context, role: RoleParts): Promise<void> => {
    const all = new Map(await rolesOf(tx)).set(role.id, role);
    checkPatterns('grants', role.grants);
    checkPatterns('denies', role.denies);
    checkParents(role, all);
    await checkOwn(tx, context, role, all);
  };
  /** Ids of a role and of those that inherit from it. */
  const heirsOf = async (tx: Tx, id: string): Promise<string[]> => {
    const all = await rolesOf(tx);
    const heirs = [...all.values()].filter((each) => lineageOf(each, all).some((above) => above.id === id));
    return heirs.map((heir) => heir.id);
  };
  /** Nobody gives more, by what they make of a role, to those who hold it than they could give until the last of these holds it. */
  const mustMayGive = async (tx: Tx, context: Context, before: RoleParts, role: RoleParts): Promise<void> => {
    if (givesNoMore(before, role)) return;
    const until = await lastHeld(tx, await heirsOf(tx, role.id), tx.now);
    if (until === undefined) return;
    const all = new Map(await rolesOf(tx)).set(role.id, role);
    await checkOwn(tx, standing.givingUntil(context, until, WRITE), role, all);
  };
  /** Nobody takes, by what they make of a role, from those who hold it or one that inherits from it. */
  const mustMayTake = async (tx: Tx, context: Context, role: RoleParts): Promise<void> => {
    const holders = await holdersOf(tx, await heirsOf(tx, role.id), tx.now);
    await standing.mustMayTake(tx, context, holders, { roles: (roles) => new Map(roles).set(role.id, role) });
  };
  /** Refuses fewer places than there are holders, or a role to inherit from that has not enough. */
  const mustHoldAll = async (tx: Tx, row: RoleRow, role: RoleParts, patch: Partial<RoleRow>): Promise<void> => {
    const { maxUsers, parentId } = { ...row, ...patch };
    if (maxUsers === row.maxUsers && parentId === row.parentId) return;
    const limits = new Map(await limitedRoles(tx));
    if (maxUsers === null) limits.delete(row.id);
    else limits.set(row.id, maxUsers);
    const all = new Map(await rolesOf(tx)).set(row.id, role);
    await mustHavePlaces(tx, { roleId: row.id, joining: null, all, limits });
  };
  /** Nobody changes a role that they hold, directly or by inheritance. */
  const mustNotHold = async (tx: Tx, { principal }: Context, id: string): Promise<void> => {
    if (principal.profileId === null) return;
    const all = await rolesOf(tx);
    const held = await holdingsOf(tx, principal.profileId, tx.now);
    const ids = held.flatMap(({ roleId }) => lineageOf(all.get(roleId ?? ''), all).map((role) => role.id));
    if (ids.includes(id)) throw forbidden('OWN_ROLES');
  };

  return createCrud({
    ...parts,
    mayChange: serializeRoles,
    onCreate: async (tx, body, context) => {
      if (SYSTEM_ROLES.some(({ code }) => code === body.code.toLowerCase()))
        throw conflict('DUPLICATE', { errors: [{ pointer: '/code', code: 'DUPLICATE', in: 'body' }] });
      const id = uuidv7();
      await serializeRoles(tx);
      await check(tx, context, partsOf(body, id));
      return { id };
    },
    onEdit: async (tx, row, patch, context) => {
      await mustNotHold(tx, context, row.id);
      await checkOwn(tx, context, partsOf(row, row.id), await rolesOf(tx));
      const role = partsOf({ ...row, ...patch }, row.id);
      await check(tx, context, role);
      await mustMayGive(tx, context, partsOf(row, row.id), role);
      await mustMayTake(tx, context, role);
      await mustHoldAll(tx, row, role, patch);
      await raiseAccessEpoch(tx);
    },
    onRemove: async (tx, row, context) => {
      await checkOwn(tx, context, partsOf(row, row.id), await rolesOf(tx));
      await takeFromLeavers(tx, row.id);
    },
    onRestore: async (tx, row, context) => {
      await serializeRoles(tx);
      await check(tx, context, partsOf(row, row.id));
    },
  });
};
