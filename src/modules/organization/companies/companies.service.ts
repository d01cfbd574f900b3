import { inCompany } from '../../../platform/db/in-company.ts';
import { OPERATOR_COMPANY } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { conflict, createCrud, invalid, notFound } from '../../../platform/module.ts';
import type { Context, List, MovingParts, Tx } from '../../../platform/module.ts';
import { isZone } from '../../../platform/time/zone.ts';
import { hasChildren, isHoldingOf, mayBeHolding } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import { slugFault } from './slugs.ts';
import { taxIdOf } from './tax-id.ts';

export interface NewOwner {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly locale: Locale;
}

/** Makes the first owner of a company, inside a transaction of that company; answers the profile. */
export interface OwnerFounding {
  /** Whoever was asked before and has not come is asked no more. Throws 409 when the company has an owner. */
  invite(tx: Tx, owner: NewOwner): Promise<string>;
}

interface CompaniesDependencies extends MovingParts<CompanyRow> {
  readonly own: List;
  /** The companies that belong to the reader's. */
  readonly children: List;
  readonly owners: OwnerFounding;
}

const check = ({ slug, timezone }: Partial<CompanyRow>): void => {
  const fault = slug === undefined ? undefined : slugFault(slug);
  if (fault !== undefined) throw invalid('/slug', fault);
  if (timezone !== undefined && !isZone(timezone)) throw invalid('/timezone', 'TIME_ZONE');
};

/** Checks a change of a company, and answers what follows from it. */
const changed = (row: CompanyRow, patch: Partial<CompanyRow>): Partial<CompanyRow> => {
  check(patch);
  return {
    accessEpoch: row.accessEpoch + 1,
    ...(patch.taxId !== undefined && { taxId: taxIdOf({ ...row, ...patch }) }),
  };
};

const checkParent = async (tx: Tx, parentId: string | null | undefined, id?: string): Promise<void> => {
  if (parentId === null || parentId === undefined) return;
  await serialize(tx, 'holdings');
  if (!(await mayBeHolding(tx, parentId))) throw invalid('/parentId', 'UNKNOWN_REFERENCE');
  if (id !== undefined && (await isHoldingOf(tx, id, parentId))) throw conflict('COMPANY_CYCLE');
};

/** The scope in which `context`'s caller acts in another company. */
const scopeIn = (companyId: string, { scope }: Context): Scope => {
  const { session: _session, ...rest } = scope;
  return { ...rest, companyId };
};

/** Companies as the operator runs them, and a company's own page about itself. */
export const createCompaniesService = (deps: CompaniesDependencies) => {
  const { repository, mover, own, children, work, owners } = deps;
  const crud = createCrud({
    ...deps,
    onCreate: async (tx, body) => {
      check(body);
      await checkParent(tx, body.parentId);
      const values = { plan: 'standard', limits: {}, addresses: [], contacts: [], accessEpoch: 1 };
      return { ...values, taxId: taxIdOf({ ...body, ...values }) };
    },
    onEdit: async (tx, row, patch) => {
      await checkParent(tx, patch.parentId, row.id);
      return changed(row, patch);
    },
  });
  const ownRow = async (context: Context) => {
    const found = await work.read(context, (reader) => own.one(reader, context.principal.companyId));
    if (found === undefined) throw notFound();
    return found;
  };
  return {
    ...crud,
    /** Refuses one that waits to be let in: nobody gets in any more, and what it has is purged. 409 for any other. */
    remove: (context: Context, id: string, version: number): Promise<void> =>
      work.write(context, async (tx) => {
        const row = await repository.lockToRemove(tx, id, version);
        if (row.status !== 'pending' || (await hasChildren(tx, id))) throw conflict('COMPANY_IN_USE');
        await mover.moveAs(tx, context, row, 'refuse');
      }),
    /** Asks somebody to become the company's first owner; one at a time is. */
    inviteOwner: (context: Context, id: string, owner: NewOwner): Promise<string> =>
      work.write(context, async (tx) => {
        const { status } = await repository.lock(tx, id);
        if (status !== 'pending' && status !== 'active') throw conflict('COMPANY_NOT_LIVE');
        return inCompany(tx, scopeIn(id, context), (inside) => owners.invite(inside, owner));
      }),
    own: ownRow,
    /** The companies of the caller's holding, as JSON text. */
    children: (context: Context, query: ListQuery & object): Promise<string> =>
      work.read(context, (reader) => children.page(reader, query)),
    childrenQuery: children.query,
    editOwn: (context: Context, patch: Partial<CompanyRow>, version: number): Promise<CompanyRow> =>
      work.write(context, async (tx) => {
        // The operator's own company is none of those that have a page about themselves.
        if (tx.companyId === OPERATOR_COMPANY) throw notFound();
        const row = await repository.lock(tx, tx.companyId, version);
        return repository.update(tx, row, { ...patch, ...changed(row, patch) });
      }),
  };
};

export type Companies = ReturnType<typeof createCompaniesService>;
