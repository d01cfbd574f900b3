import { v7 as uuidv7 } from 'uuid';
import type { CompanyVault, Sealer } from '../../../platform/change/company-vault.ts';
import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import type { List, ListQuery, Restriction } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, notFound } from '../../../platform/problem.ts';
import { addDays } from '../../../platform/time/zone.ts';
import { lockProfiles } from '../intake/facts.ts';
import type { PolicyFacts } from '../ports.ts';
import { advanceBaseline, eligibleTests, firstBaseline, pooledSd, supersede } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import { baselinePlace, baselineTests, currentBaselines, testedProfiles, toBaseline } from './baselines.repository.ts';
import type { OwnedBaselineTest, SealedBaseline, StoredBaselineRow } from './baselines.repository.ts';

interface BaselinesDependencies {
  readonly repository: Repository<StoredBaselineRow>;
  readonly list: List;
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly companyVault: CompanyVault;
  readonly changes: Pick<ChangeRecorder, 'event'>;
  readonly policies: Pick<PolicyFacts, 'policiesOf'>;
  readonly people: { restrict(context: Context, idExpression: string): Restriction };
}

/** People in one transaction of the nightly run. */
const CHUNK = 50;
/** How far back tests are read: a baseline is stale after 180 days, and a new one is made of the last 180. */
const READ_DAYS = 400;
const DAY_MS = 86_400_000;

const fieldsOf = (baseline: Baseline) => {
  const { version: revision, status, provisional, n, from: fromOn, capped } = baseline;
  return { revision, status, provisional, n, fromOn, capped };
};

const sealValues = (seal: Sealer, id: string, { mean, sd, testIds, renewal }: Baseline): string =>
  seal(baselinePlace(id), JSON.stringify({ mean, sd, testIds, renewal } satisfies SealedBaseline));

const sameValues = (a: Baseline, b: Baseline): boolean =>
  a.mean === b.mean && a.sd === b.sd && a.testIds.join() === b.testIds.join();

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** A person's tests of one definition, for the deviation of their group. */
interface Speeds {
  readonly group: string | null;
  readonly definition: string;
  readonly speeds: readonly number[];
  /** People the group needs before its deviation serves. */
  readonly pooledPeople: number;
}

const GROUP = `insert into group_deviation (company_id, id, risk_group_id, definition_code, pooled_sd, people, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $7)
  on conflict (company_id, coalesce(risk_group_id, '00000000-0000-0000-0000-000000000000'::uuid), definition_code)
  do update set pooled_sd = excluded.pooled_sd, people = excluded.people, updated_at = excluded.updated_at,
    version = group_deviation.version + 1`;

/** Baselines: kept by a nightly run, renewed by a safety admin with a reason, their values read by who may, each read logged. */
export const createBaselinesService = (dependencies: BaselinesDependencies) => {
  const { repository, list, db, work, companyVault, changes, people, policies } = dependencies;

  const store = async (tx: Tx, seal: Sealer, baseline: Baseline, of: OwnedBaselineTest): Promise<StoredBaselineRow> => {
    const id = uuidv7();
    const { profileId, definitionCode } = of;
    const own = { profileId, definitionCode, supersededBy: null, reason: null };
    return repository.insert(tx, { id, ...own, ...fieldsOf(baseline), valuesSealed: sealValues(seal, id, baseline) });
  };

  const renew = async (tx: Tx, seal: Sealer, row: StoredBaselineRow, was: Baseline, next: Baseline): Promise<void> => {
    const same = sameValues(was, next);
    await repository.update(tx, row, {
      ...fieldsOf(next),
      ...(!same && { valuesSealed: sealValues(seal, row.id, next) }),
    });
  };

  const mustSee = async (tx: Tx, context: Context, id: string): Promise<void> => {
    if ((await list.one(tx, id, people.restrict(context, 't.profile_id'))) === undefined) throw notFound();
  };

  /** One chunk of people: their baselines as of today. */
  const recomputeOf = async (tx: Tx, profileIds: readonly string[]): Promise<Speeds[]> => {
    const profiles = await lockProfiles(tx, profileIds, policies);
    const [open, seal] = [await companyVault.opener(tx), await companyVault.sealer(tx)];
    const since = new Date(tx.now.getTime() - READ_DAYS * DAY_MS);
    const tests = await baselineTests(tx, profileIds, since, open);
    const current = new Map(
      (await currentBaselines(tx, profileIds)).map((row) => [`${row.profileId}:${row.definitionCode}`, row.id]),
    );
    const groups = Map.groupBy(tests, (test) => `${test.profileId}:${test.definitionCode}`);
    const speeds: Speeds[] = [];
    for (const [key, own] of groups) {
      const [first] = own;
      const profile = profiles.get(first?.profileId ?? '');
      if (first === undefined || profile === undefined) continue;
      const { baseline: options, deviation } = profile.policy;
      const eligible = eligibleTests(own).map(({ speed }) => speed);
      speeds.push({
        group: profile.riskGroupId,
        definition: first.definitionCode,
        speeds: eligible,
        pooledPeople: deviation.pooledPeople,
      });
      const id = current.get(key);
      if (id === undefined) {
        if (eligible.length > 0)
          await store(tx, seal, advanceBaseline(firstBaseline(own, options), own, dayOf(tx.now), options), first);
        continue;
      }
      const row = await repository.lock(tx, id);
      const was = toBaseline(row, open);
      await renew(tx, seal, row, was, advanceBaseline(was, own, dayOf(tx.now), options));
    }
    return speeds;
  };

  const poolGroups = async (scope: Scope, all: readonly Speeds[]): Promise<void> => {
    const groups = Map.groupBy(all, ({ group, definition }) => `${group ?? ''}:${definition}`);
    await db.write(scope, async (tx) => {
      for (const members of groups.values()) {
        const [first] = members;
        if (first === undefined) continue;
        const { group, definition, pooledPeople } = first;
        const telling = members.map(({ speeds }) => speeds).filter((speeds) => speeds.length >= 2);
        const sd = pooledSd(telling, pooledPeople);
        await tx.prepared(GROUP, [tx.companyId, uuidv7(), group, definition, sd, telling.length, tx.now]);
      }
    });
  };

  return {
    list: (context: Context, query: ListQuery & object) =>
      work.read(context, (reader) => list.page(reader, query, people.restrict(context, 't.profile_id'))),

    detail: async (context: Context, id: string) => {
      const found = await work.read(context, (reader) =>
        list.one(reader, id, people.restrict(context, 't.profile_id')),
      );
      if (found === undefined) throw notFound();
      return found;
    },

    /** Mean and deviation in 1/s. The row that logs the read is committed before they are handed over. */
    values: (context: Context, id: string) =>
      work.write(context, async (tx) => {
        await mustSee(tx, context, id);
        const row = await repository.get(tx, id);
        const { profileId, definitionCode } = row;
        await changes.event(tx, {
          entity: 'baseline',
          entityId: id,
          action: 'read_values',
          after: { profileId, definitionCode },
        });
        const { mean, sd, testIds } = toBaseline(row, await companyVault.opener(tx));
        return { id, mean, sd, testIds };
      }),

    /** A new version of an active or stale baseline, of the latest tests. 409 for one that has no such version. */
    supersede: (context: Context, id: string, reason: string, version: number): Promise<StoredBaselineRow> =>
      work.write(context, async (tx) => {
        await mustSee(tx, context, id);
        const found = await repository.get(tx, id);
        const profile = (await lockProfiles(tx, [found.profileId], policies)).get(found.profileId);
        const row = await repository.lock(tx, id, version);
        if (profile === undefined) throw notFound();
        if (context.principal.profileId === row.profileId) throw conflict('OWN_BASELINE');
        if (row.status !== 'active' && row.status !== 'stale') throw conflict('BASELINE_NOT_RENEWABLE');
        const [open, seal] = [await companyVault.opener(tx), await companyVault.sealer(tx)];
        const since = new Date(tx.now.getTime() - READ_DAYS * DAY_MS);
        const tests = (await baselineTests(tx, [row.profileId], since, open)).filter(
          ({ definitionCode }) => definitionCode === row.definitionCode,
        );
        const { minimumSpeed, baseline: options } = profile.policy;
        const from = { date: addDays(dayOf(tx.now), 1), minimumSpeed };
        const made = supersede(toBaseline(row, open), tests, from, options);
        const nextId = uuidv7();
        await repository.update(tx, row, { status: 'superseded' }, { action: 'supersede', reason });
        const { profileId, definitionCode } = row;
        const next = await repository.insert(
          tx,
          {
            id: nextId,
            profileId,
            definitionCode,
            supersededBy: null,
            reason,
            ...fieldsOf(made.next),
            valuesSealed: sealValues(seal, nextId, made.next),
          },
          { reason },
        );
        const replaced = await repository.lock(tx, id);
        await repository.update(tx, replaced, { supersededBy: nextId });
        return repository.entity.show(next) as StoredBaselineRow;
      }),

    /** The nightly run of one company: every baseline as of now, then the deviation of each group. */
    recompute: async (scope: Scope, signal: AbortSignal): Promise<void> => {
      const all: Speeds[] = [];
      for (let after: string | null = null; ;) {
        signal.throwIfAborted();
        const from: string | null = after;
        const ids: string[] = await db.read(scope, (reader) => testedProfiles(reader, from, CHUNK));
        if (ids.length > 0) all.push(...(await db.write(scope, (tx) => recomputeOf(tx, ids))));
        if (ids.length < CHUNK) break;
        after = ids.at(-1) ?? null;
      }
      if (all.length > 0) await poolGroups(scope, all);
    },
  };
};

export type BaselinesService = ReturnType<typeof createBaselinesService>;
