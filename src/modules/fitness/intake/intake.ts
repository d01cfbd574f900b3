import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { CompanyVault } from '../../../platform/change/company-vault.ts';
import type { Tx } from '../../../platform/db/database.ts';
import { conflict } from '../../../platform/problem.ts';
import { DEFAULT_FITNESS_POLICY } from '../classification/policy.ts';
import type { FitnessOutcome, JudgedResult, PolicyFacts } from '../ports.ts';
import { isAlert } from './content.ts';
import type { OwnedTest } from './content.ts';
import {
  baselinesOf,
  clearingsOf,
  closedAlerts,
  definitionsOf,
  devicesOf,
  lockProfiles,
  requirementsOf,
  shiftsOf,
  standingResults,
  waitingCasesOf,
} from './facts.ts';
import type { Span, StandingResult } from './facts.ts';
import { arrivalFlags, judge, placeTest, stateOfDevice } from './judge.ts';
import type { Facts, Judged } from './known.ts';
import { judgedResult, newResultId, storeResults } from './store.ts';
import type { KeyRow, NewResult } from './store.ts';

interface IntakeDependencies {
  readonly companyVault: CompanyVault;
  readonly changes: Pick<ChangeRecorder, 'events'>;
  readonly outcome: FitnessOutcome;
  readonly policies: Pick<PolicyFacts, 'policiesOf'>;
}

export interface Taken {
  /** What was written, corrections and re-evaluations with it. */
  readonly results: readonly JudgedResult[];
  /** Tests that were there already, under their id or as the same content under another. */
  readonly known: number;
}

export interface Intake {
  /**
   * Judges and stores tests of the transaction's company, whatever their source: what is known already is left alone, other
   * content under a known id is a correction, late data judges anew what came after it. Runs the outcome's hook. Throws 409
   * RESULT_OF_ANOTHER for an id under which another person's test stands: a correction never takes a result from its person.
   */
  take(tx: Tx, tests: readonly OwnedTest[]): Promise<Taken>;
}

interface Sorted {
  readonly fresh: readonly (OwnedTest & { readonly replaces: string | null })[];
  /** Tests whose content has a result, or is about to have one, under another id. */
  readonly twins: readonly OwnedTest[];
  /** Ids of results by source and content. */
  readonly resultIds: Map<string, string>;
}

const keyOf = (source: string, id: string): string => `${source}\n${id}`;
const contentOf = ({ source, contentHash }: OwnedTest): string => keyOf(source, contentHash.toString('hex'));

const KEY = `k.source, k.external_id as "externalId", encode(k.content_hash, 'hex') as "contentHash",
  k.is_duplicate as "isDuplicate", k.result_id as "resultId", k.profile_id as "profileId"`;

const keys = (condition: string): string =>
  `select ${KEY} from test_result_key k where k.company_id = $1 and k.source = $2 and ${condition}`;
const BY_ID = keys('k.external_id = any($3)');
const BY_CONTENT = keys('k.content_hash = any($3) and not k.is_duplicate');

/** Planned anew each time: a plan made while the table was small reads all of it. */
const keysOf = async <T>(
  tx: Tx,
  statement: string,
  tests: readonly OwnedTest[],
  wanted: (test: OwnedTest) => T,
): Promise<KeyRow[]> => {
  const found: KeyRow[] = [];
  for (const [source, its] of Map.groupBy(tests, (test) => test.source))
    found.push(...(await tx.query<KeyRow>(statement, [tx.companyId, source, its.map(wanted)])));
  return found;
};
const keysById = (tx: Tx, tests: readonly OwnedTest[]) => keysOf(tx, BY_ID, tests, ({ externalId }) => externalId);
const keysByContent = (tx: Tx, tests: readonly OwnedTest[]) =>
  keysOf(tx, BY_CONTENT, tests, ({ contentHash }) => contentHash);

const mustBeTheirs = (test: OwnedTest, other: Pick<KeyRow, 'profileId'> | undefined): void => {
  if (other !== undefined && other.profileId !== test.profileId) throw conflict('RESULT_OF_ANOTHER');
};

/** Parts what is new from what is known; the same content twice is one result with two ids. */
const sortOut = async (tx: Tx, tests: readonly OwnedTest[]): Promise<Sorted> => {
  const byId = new Map((await keysById(tx, tests)).map((key) => [keyOf(key.source, key.externalId), key]));
  const byHash = new Map((await keysByContent(tx, tests)).map((key) => [keyOf(key.source, key.contentHash), key]));
  const fresh = new Map<string, OwnedTest & { readonly replaces: string | null }>();
  const hashes = new Map<string, string>();
  const twins: OwnedTest[] = [];
  for (const test of tests) {
    const known = byId.get(keyOf(test.source, test.externalId));
    const hash = contentOf(test);
    mustBeTheirs(test, known ?? fresh.get(keyOf(test.source, test.externalId)));
    if (known?.contentHash === test.contentHash.toString('hex')) continue;
    const twin = byHash.get(hash)?.externalId ?? hashes.get(hash);
    if (twin !== undefined && twin !== test.externalId) twins.push(test);
    else {
      const replaces = known === undefined || known.isDuplicate ? null : known.resultId;
      fresh.set(keyOf(test.source, test.externalId), { ...test, replaces });
      hashes.set(hash, test.externalId);
    }
  }
  const resultIds = new Map([...byHash].map(([hash, { resultId }]) => [hash, resultId]));
  return { fresh: [...fresh.values()], twins, resultIds };
};

/** Keys of tests that are there already as another's result. */
const duplicateKeys = ({ twins, resultIds }: Sorted, made: readonly NewResult[]): KeyRow[] => {
  for (const { source, id, contentHash } of made)
    if (contentHash !== undefined) resultIds.set(keyOf(source, contentHash.toString('hex')), id);
  return twins.map((test): KeyRow => {
    const { source, externalId, profileId } = test;
    const contentHash = test.contentHash.toString('hex');
    return { source, externalId, contentHash, isDuplicate: true, resultId: resultIds.get(contentOf(test))!, profileId };
  });
};

/** What is not there yet with the same content: what is read again and again costs one look. */
const unknownOf = async (tx: Tx, tests: readonly OwnedTest[]): Promise<OwnedTest[]> => {
  const known = new Map((await keysById(tx, tests)).map((key) => [keyOf(key.source, key.externalId), key.contentHash]));
  return tests.filter(
    ({ source, externalId, contentHash }) => known.get(keyOf(source, externalId)) !== contentHash.toString('hex'),
  );
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** The hours of each person's policy. */
type HoursOf = (profileId: string) => { readonly before: number; readonly after: number };
const HOUR = 3_600_000;

/** For each profile, from so many hours before the first of its tests until so many after the last. */
const spansOf = (tests: readonly OwnedTest[], hoursOf: HoursOf): Span[] => {
  const spans = new Map<string, { from: number; to: number }>();
  for (const { profileId, takenAt } of tests) {
    const at = takenAt.getTime();
    const { from, to } = spans.get(profileId) ?? { from: at, to: at };
    spans.set(profileId, { from: Math.min(from, at), to: Math.max(to, at) });
  }
  return [...spans].map(([profile, { from, to }]) => {
    const { before, after } = hoursOf(profile);
    return { profile, from: iso(from - before * HOUR), to: iso(to + after * HOUR) };
  });
};

const byTime = (a: { takenAt: string; id: string }, b: { takenAt: string; id: string }): number =>
  a.takenAt === b.takenAt ? (a.id < b.id ? -1 : 1) : a.takenAt < b.takenAt ? -1 : 1;

/** The one way by which results come to be. */
export const createIntake = ({ companyVault, changes, outcome, policies }: IntakeDependencies): Intake => {
  const gather = async (tx: Tx, tests: readonly OwnedTest[]): Promise<{ facts: Facts; standing: StandingResult[] }> => {
    const profileIds = [...new Set(tests.map(({ profileId }) => profileId))].toSorted();
    const profiles = await lockProfiles(tx, profileIds, policies);
    const open = await companyVault.opener(tx);
    const serials = [...new Set(tests.flatMap(({ deviceSerial }) => deviceSerial ?? []))];
    const timesOf = (profileId: string) => (profiles.get(profileId)?.policy ?? DEFAULT_FITNESS_POLICY).times;
    const around = spansOf(tests, (id) => ({ before: timesOf(id).combineHours, after: timesOf(id).combineHours }));
    const standing = await standingResults(tx, around, open);
    const first = around.map(({ from }) => from).toSorted()[0]!;
    const alerts = standing.filter(({ content }) => isAlert(content)).map(({ id }) => id);
    const facts: Facts = {
      profiles,
      definitions: await definitionsOf(tx),
      devices: await devicesOf(tx, serials),
      baseline: await baselinesOf(tx, profiles, open),
      requirements: await requirementsOf(
        tx,
        spansOf(tests, (id) => ({ before: timesOf(id).lateAnswerHours, after: timesOf(id).combineHours })),
      ),
      shifts: await shiftsOf(
        tx,
        spansOf(tests, (id) => ({ before: 0, after: timesOf(id).beforeShiftMinutes / 60 })),
      ),
      cases: await waitingCasesOf(tx, profileIds),
      closedAlerts: await closedAlerts(tx, alerts),
      clearedAt: await clearingsOf(tx, profileIds, first),
    };
    return { facts, standing };
  };

  const judged = (
    base: Omit<StandingResult, 'level' | 'reasons'>,
    around: readonly StandingResult[],
    facts: Facts,
  ): NewResult => {
    const judgement = judge(base satisfies Judged, base.attempt === 'repeat', around, facts);
    const profile = facts.profiles.get(base.profileId);
    return {
      ...base,
      judgement,
      level: judgement.level,
      reasons: judgement.reasons,
      highRisk: profile?.highRisk ?? false,
      policyId: profile?.policyId ?? null,
      supersedes: null,
      superseding: null,
    };
  };

  const judgeNew = (
    test: OwnedTest & { replaces: string | null },
    receivedAt: Date,
    around: readonly StandingResult[],
    facts: Facts,
  ): NewResult => {
    const { profileId, source, externalId, definitionCode, qualityFlags, supervised, practice, content } = test;
    const device = stateOfDevice(test, facts);
    const base = {
      id: newResultId(),
      profileId,
      source,
      externalId,
      definitionCode,
      qualityFlags,
      supervised,
      practice,
      content,
      definitionVersion: facts.definitions.get(definitionCode)?.version ?? 1,
      startedAt: test.startedAt?.toISOString() ?? null,
      takenAt: test.takenAt.toISOString(),
      receivedAt: receivedAt.toISOString(),
      deviceId: device.id,
      deviceState: device.state,
      arrivalFlags: arrivalFlags(test, receivedAt, facts),
      ...placeTest(test, receivedAt, facts, around),
    };
    const result = { ...judged(base, around, facts), contentHash: test.contentHash };
    return test.replaces === null ? result : { ...result, supersedes: test.replaces, superseding: 'correction' };
  };

  /** What came after late data is judged again; where its level is another now, a new row takes its place. */
  const judgeAgain = (fresh: readonly NewResult[], standing: readonly StandingResult[], facts: Facts): NewResult[] => {
    const firsts = new Map<string, string>();
    for (const { profileId, takenAt } of fresh)
      if (takenAt < (firsts.get(profileId) ?? '~')) firsts.set(profileId, takenAt);
    const around = Map.groupBy([...standing, ...fresh].toSorted(byTime), ({ profileId }) => profileId);
    return standing.flatMap((row) => {
      const first = firsts.get(row.profileId);
      if (first === undefined || row.takenAt <= first) return [];
      const again = judged(
        { ...row, id: newResultId() },
        (around.get(row.profileId) ?? []).filter((other) => other.id !== row.id),
        facts,
      );
      return again.level === row.level ? [] : [{ ...again, supersedes: row.id, superseding: 'reevaluation' as const }];
    });
  };

  return {
    take: async (tx, tests) => {
      if (tests.length === 0) return { results: [], known: 0 };
      const unknown = await unknownOf(tx, tests);
      if (unknown.length === 0) return { results: [], known: tests.length };
      const { facts, standing: all } = await gather(tx, unknown);
      const sorted = await sortOut(tx, unknown);
      const replaced = new Set(sorted.fresh.map(({ replaces }) => replaces));
      const standing = all.filter(({ id }) => !replaced.has(id));
      const byProfile = Map.groupBy(standing, ({ profileId }) => profileId);
      const fresh: NewResult[] = [];
      for (const test of sorted.fresh.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime())) {
        const around = byProfile.get(test.profileId) ?? [];
        const result = judgeNew(test, tx.now, around, facts);
        fresh.push(result);
        if (!result.practice) byProfile.set(test.profileId, [...around, result].toSorted(byTime));
      }
      const again = judgeAgain(
        fresh.filter(({ practice }) => !practice),
        standing,
        facts,
      );
      const results = [...fresh, ...again].toSorted(byTime);
      await storeResults(tx, results, duplicateKeys(sorted, fresh), await companyVault.sealer(tx), changes);
      const told = results.map(judgedResult);
      await outcome.onResults(tx, told);
      return { results: told, known: tests.length - fresh.length };
    },
  };
};
