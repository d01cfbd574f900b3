import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { CompanyVault } from '../../../platform/change/company-vault.ts';
import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { List, ListQuery, Restriction } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, forbidden, invalid, notFound } from '../../../platform/problem.ts';
import type { Problem } from '../../../platform/problem.ts';
import { readReaction, REACTION_PROTOCOLS } from '../classification/metrics.ts';
import type { TestSource } from '../definitions/definitions.ts';
import { metricsOf } from '../intake/content.ts';
import { hasOpenAlert, lockProfiles } from '../intake/facts.ts';
import type { OwnedTest, TestContent } from '../intake/content.ts';
import type { Intake } from '../intake/intake.ts';
import type { PolicyFacts } from '../ports.ts';
import { openSealed, readResult, readSealed } from './results.repository.ts';
import type { ManualResultInput, SelfReportInput, SignalInput } from './submissions.ts';

/** The people whom a caller reaches by the permission of the route. */
export interface Reach {
  restrict(context: Context, idExpression: string): Restriction;
  /** Whether a profile is there and within reach. */
  reaches(reader: Reader, context: Context, profileId: string): Promise<boolean>;
  /** The caller as they stand to one person. */
  toward(reader: Reader, context: Context, person: { readonly profileId: string }): Promise<Context>;
}

interface ResultsDependencies {
  readonly list: List;
  readonly work: UnitOfWork;
  readonly companyVault: CompanyVault;
  readonly changes: Pick<ChangeRecorder, 'event'>;
  readonly intake: Intake;
  readonly people: Reach;
  readonly policies: PolicyFacts;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A result that was entered, and where it is. */
export interface Entered {
  readonly id: string;
  readonly text: string;
}

type Given = Pick<OwnedTest, 'source' | 'definitionCode' | 'profileId' | 'content'> &
  Partial<Pick<OwnedTest, 'startedAt' | 'deviceSerial' | 'qualityFlags' | 'supervised' | 'practice'>> & {
    readonly externalId: string | undefined;
    readonly at: string | undefined;
  };

const kindOf = (content: TestContent): string => (content.kind === 'signal' ? content.signal : content.kind);

/** How the ids begin of what a sender enters of a person, of one kind. */
const ownPrefix = (
  { profileId, personId }: Context['principal'],
  given: Pick<Given, 'profileId' | 'content'>,
): string => `${profileId ?? personId}:${given.profileId}:${kindOf(given.content)}:`;

/**
 * What is entered is one test for each id of its sender, of each person and kind: nobody's id meets another's, and two tests
 * alike are two. Its hash holds what was sent, so that the same sent again is known.
 */
const testOf = ({ principal }: Context, { externalId, at, ...given }: Given, now: Date): OwnedTest => {
  const id = `${ownPrefix(principal, given)}${externalId ?? uuidv7()}`;
  return {
    startedAt: null,
    deviceSerial: null,
    qualityFlags: [],
    supervised: false,
    practice: false,
    ...given,
    takenAt: at === undefined ? now : new Date(at),
    externalId: id,
    contentHash: createHash('sha256')
      .update(JSON.stringify({ ...given, at, externalId: id }))
      .digest(),
  };
};

const everything: Restriction = () => 'true';

/** Results: reading them, their raw values (each read logged), and what people enter themselves. */
export const createResultsService = (dependencies: ResultsDependencies) => {
  const { list, work, companyVault, changes, intake, people, policies } = dependencies;

  const unknown = (): Problem => invalid('/profileId', 'UNKNOWN_REFERENCE');
  const mustBeThere = async (tx: Tx, id: string): Promise<void> => {
    const rows = await tx.prepared('select 1 from profile where company_id = $1 and id = $2 and deleted_at is null', [
      tx.companyId,
      id,
    ]);
    if (rows.length === 0) throw unknown();
  };

  const standing = async (tx: Tx, source: TestSource, externalId: string): Promise<string> => {
    const [row] = await tx.prepared<{ id: string }>(
      'select result_id as id from test_result_key where company_id = $1 and source = $2 and external_id = $3',
      [tx.companyId, source, externalId],
    );
    if (row === undefined) throw new Error('a result was taken and has no key');
    return row.id;
  };

  /**
   * People tell of what still weighs, or answers a requirement still: not of long ago, and of nothing to come. Machines say what
   * their clock says, late and skewed results are never lost.
   */
  const mustBeTimely = async (tx: Tx, { principal }: Context, { at, profileId }: Given): Promise<void> => {
    if (at === undefined || principal.kind === 'machine') return;
    const { combineHours, lateAnswerHours, arrivalMinutes } = (await policies.policyOf(tx, profileId)).policy.times;
    const hours = Math.max(combineHours, lateAnswerHours);
    const age = tx.now.getTime() - Date.parse(at);
    if (age > hours * HOUR) throw invalid('/at', 'TOO_LONG_AGO', { hours });
    if (age < -arrivalMinutes * MINUTE) throw invalid('/at', 'IN_FUTURE');
  };

  /** Nobody corrects what they said of themselves: a second report counts beside the first, under an id of its own. */
  const enter = async (tx: Tx, context: Context, given: Given): Promise<Entered> => {
    await mustBeTimely(tx, context, given);
    const test = testOf(context, given, tx.now);
    const { results } = await intake.take(tx, [test]);
    const id = await standing(tx, test.source, test.externalId);
    const isCorrection = results.some((result) => result.id === id && result.supersedes !== null);
    if (isCorrection && test.source === 'SELF_REPORT') throw conflict('REPORT_ID_USED');
    const text = await readResult(tx, id, everything);
    if (text === undefined) throw notFound();
    return { id, text };
  };

  /** A colleague may warn of another, a device of whoever it sees, a superior of their people; clearance is for who reaches beyond reports. */
  const mustBeAllowed = async (tx: Tx, context: Context, { kind, profileId }: SignalInput): Promise<void> => {
    const { principal } = context;
    if (principal.kind === 'machine') {
      if (kind !== 'in_cab' && kind !== 'clearance') throw forbidden('SIGNAL_NOT_ALLOWED');
      return;
    }
    if (principal.profileId === profileId || kind === 'in_cab') throw forbidden('SIGNAL_NOT_ALLOWED');
    if (kind === 'peer') return;
    const { reach } = (await people.toward(tx, context, { profileId })).allowance;
    const isSuperior = reach !== 'self' && (await people.reaches(tx, context, profileId));
    if (!isSuperior || (kind === 'clearance' && reach === 'reports')) throw forbidden('SIGNAL_NOT_ALLOWED');
  };

  /** A colleague's alert weighs until the test for its cause: saying it again adds nothing. The profile is locked until the end. */
  const mustBeNew = async (tx: Tx, context: Context, { profileId, externalId, content }: Given): Promise<void> => {
    const profiles = await lockProfiles(tx, [profileId], policies);
    const hours = profiles.get(profileId)?.policy.times.combineHours ?? 0;
    const prefix = ownPrefix(context.principal, { profileId, content });
    const since = new Date(tx.now.getTime() - hours * HOUR);
    const besides = externalId === undefined ? '' : `${prefix}${externalId}`;
    if (await hasOpenAlert(tx, { profileId, prefix, besides, since })) throw conflict('ALERT_OPEN');
  };

  const manualContent = (
    { test, at }: ManualResultInput,
    now: Date,
  ): { content: TestContent; flags: readonly string[] } => {
    if (test.kind === 'ocular') {
      const { pupilDiameter = null, constrictionAmplitude = null, constrictionLatency = null } = test;
      const { saccadicVelocity = null, risk } = test;
      const measures = { pupilDiameter, constrictionAmplitude, constrictionLatency, saccadicVelocity };
      return { content: { kind: 'ocular', ...measures, risk, index: null, quality: null }, flags: [] };
    }
    const { protocol, trials, falseStarts = 0, startedAt } = test;
    const durationMs = new Date(at ?? now).getTime() - new Date(startedAt).getTime();
    if (durationMs <= 0) throw invalid('/test/startedAt', 'BEFORE_START');
    const reading = readReaction({ trials, falseStarts, durationMs }, REACTION_PROTOCOLS[protocol]);
    if (!reading.ok) throw invalid('/test/trials', reading.problem);
    const { metrics, qualityFlags } = reading;
    return {
      content: { kind: 'reaction', protocol, trials, metrics, timing: 'unknown', report: null },
      flags: qualityFlags,
    };
  };

  return {
    list: (context: Context, query: ListQuery & object) =>
      work.read(context, (reader) => list.page(reader, query, people.restrict(context, 'r.profile_id'))),

    detail: async (context: Context, id: string): Promise<string> => {
      const text = await work.read(context, (reader) =>
        readResult(reader, id, people.restrict(context, 'r.profile_id')),
      );
      if (text === undefined) throw notFound();
      return text;
    },

    /** Raw values. The row that logs the read is committed before they are handed over. */
    metrics: (context: Context, id: string) =>
      work.write(context, async (tx) => {
        const row = await readSealed(tx, id, people.restrict(context, 'r.profile_id'));
        if (row === undefined) throw notFound();
        const { profileId, definitionCode, reasons, deviation, baselineVersion } = row;
        await changes.event(tx, {
          entity: 'test_result',
          entityId: id,
          action: 'read_metrics',
          after: { profileId, definitionCode },
        });
        const { content, rested } = openSealed(await companyVault.opener(tx), row);
        return { id, definitionCode, metrics: metricsOf(content), reasons, deviation, baselineVersion, rested };
      }),

    /** What a person says of themselves; a machine client may hand it on. */
    selfReport: (context: Context, body: SelfReportInput): Promise<Entered> => {
      const { principal } = context;
      const profileId = body.profileId ?? principal.profileId;
      if (profileId === null) throw invalid('/profileId', 'required');
      if (principal.kind !== 'machine' && profileId !== principal.profileId) throw forbidden('OWN_REPORT_ONLY');
      const { kss = null, sleep24h = null, sleep48h = null, awakeHours = null, symptoms = null } = body;
      const report = { kss, sleep24h, sleep48h, awakeHours, symptoms };
      if (Object.values(report).every((answer) => answer === null)) throw invalid('', 'NO_ANSWER');
      return work.write(context, async (tx) => {
        await mustBeThere(tx, profileId);
        return enter(tx, context, {
          source: 'SELF_REPORT',
          definitionCode: 'SELF-REPORT',
          profileId,
          externalId: body.externalId,
          at: body.at,
          content: { kind: 'self_report', report },
        });
      });
    },

    /** What others see of a person. Throws 409 ALERT_OPEN where the alert that a colleague gave before still weighs. */
    signal: (context: Context, body: SignalInput): Promise<Entered> => {
      const isClearance = body.kind === 'clearance';
      if (isClearance && body.cleared === undefined) throw invalid('/cleared', 'required');
      if (!isClearance && body.cleared !== undefined) throw invalid('/cleared', 'NOT_FOR_THIS_KIND');
      return work.write(context, async (tx) => {
        await mustBeThere(tx, body.profileId);
        await mustBeAllowed(tx, context, body);
        const given: Given = {
          source: 'SIGNAL',
          definitionCode: 'SIGNAL',
          profileId: body.profileId,
          externalId: body.externalId,
          at: body.at,
          content: { kind: 'signal', signal: body.kind, cleared: body.cleared ?? null },
        };
        if (body.kind === 'peer') await mustBeNew(tx, context, given);
        return enter(tx, context, given);
      });
    },

    /** A measurement entered by hand, never one's own. */
    manual: (context: Context, body: ManualResultInput): Promise<Entered> => {
      if (context.principal.profileId === body.profileId) throw forbidden('OWN_RESULT');
      return work.write(context, async (tx) => {
        if (!(await people.reaches(tx, context, body.profileId))) throw unknown();
        const { content, flags } = manualContent(body, tx.now);
        const entered = await enter(tx, context, {
          source: 'MANUAL',
          definitionCode: content.kind === 'reaction' ? content.protocol : 'OCULAR',
          profileId: body.profileId,
          externalId: body.externalId,
          at: body.at,
          startedAt: body.test.kind === 'reaction' ? new Date(body.test.startedAt) : null,
          deviceSerial: body.deviceSerial ?? null,
          qualityFlags: flags,
          supervised: body.supervised,
          practice: body.practice ?? false,
          content,
        });
        await changes.event(tx, {
          entity: 'test_result',
          entityId: entered.id,
          action: 'enter_by_hand',
          reason: body.reason,
        });
        return entered;
      });
    },
  };
};

export type ResultsService = ReturnType<typeof createResultsService>;
