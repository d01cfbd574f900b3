import Type from 'typebox';
import {
  clears,
  conflict,
  entity,
  exact,
  integer,
  keeps,
  line,
  listOf,
  oneOf,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Module, Repository, RowOf, Tx } from '../../../platform/module.ts';
import type { ErasedProfile } from '../../../platform/privacy/erasure.ts';
import type { PersonalVault } from '../../../platform/change/vault.ts';

const ROWS = Type.Array(exact({ of: line(60, { description: 'The table' }), rows: integer(0, 1_000_000_000) }), {
  maxItems: 200,
});

/** What a company keeps of the erasure of a person: how many rows of which kind, and nothing of what stood in them. */
export const ErasureReport = entity({
  table: 'erasure',
  fields: {
    profileId: uuid(),
    askedBy: oneOf(['company', 'person']),
    cleared: ROWS,
    kept: ROWS,
  },
  create: [],
  edit: [],
});
export type ErasureReportRow = RowOf<typeof ErasureReport>;

export const erasureList = listOf(ErasureReport, { sorts: ['-createdAt'], filters: ['profileId'] });

/** What no module has for itself. */
export const ERASURES: readonly Erasure[] = [
  keeps(ErasureReport),
  clears(
    'idempotency',
    `update idempotency set body = null where company_id = $1 and body is not null
       and (actor_id = $2 or position($2::text in body::text) > 0) returning key`,
  ),
];

interface ErasingDependencies {
  readonly modules: () => readonly Pick<Module, 'erasures'>[];
  readonly repository: Repository<ErasureReportRow>;
  readonly vault: Pick<PersonalVault, 'erase'>;
}

/** What the erasure of a profile does outside of its own row. */
export interface Erasing {
  /** Codes of all that stands against it. */
  obstacles(tx: Tx, profileId: string): Promise<string[]>;
  /** Throws 409 with the first of them. */
  mayBeErased(tx: Tx, profileId: string): Promise<void>;
  /**
   * Clears what every module has of a profile, writes the report, and destroys the profile's key. In the transaction that
   * erased the row, after everything else that writes about it: what is sealed later gets a new key.
   */
  carryOut(tx: Tx, profileId: string): Promise<void>;
}

const linksOf = (tx: Tx, profileId: string): Promise<ErasedProfile['links']> =>
  tx.prepared(
    `select distinct l.system, l.external_id as "externalId" from system_link l
     where l.company_id = $1 and l.profile_id = $2 and not exists (select 1 from system_link o where o.company_id = $1
       and o.system = l.system and o.external_id = l.external_id and o.profile_id <> $2 and o.deleted_at is null)`,
    [tx.companyId, profileId],
  );

/** See docs/decisions/what-erasure-keeps.md. */
export const createErasing = ({ modules, repository, vault }: ErasingDependencies): Erasing => {
  const all = (): readonly Erasure[] => modules().flatMap(({ erasures = [] }) => erasures);
  const obstacles: Erasing['obstacles'] = async (tx, profileId) => {
    const codes: string[] = [];
    for (const { obstacle } of all()) {
      const code = await obstacle?.(tx, profileId);
      if (code !== undefined) codes.push(code);
    }
    return codes;
  };
  return {
    obstacles,
    mayBeErased: async (tx, profileId) => {
      const [code] = await obstacles(tx, profileId);
      if (code !== undefined) throw conflict(code);
    },
    carryOut: async (tx, profileId) => {
      const report = { cleared: [] as { of: string; rows: number }[], kept: [] as { of: string; rows: number }[] };
      const profile = { profileId, links: await linksOf(tx, profileId) };
      for (const { of, fate, apply } of all()) {
        const rows = await apply(tx, profile);
        if (rows > 0) report[fate].push({ of, rows });
      }
      const askedBy = tx.scope.actor.kind === 'system' ? 'person' : 'company';
      await repository.insert(tx, { profileId, askedBy, ...report });
      await vault.erase(tx, profileId);
    },
  };
};
