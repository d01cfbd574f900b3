import { conflict, forbidden } from '../../../platform/module.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import type { featureFacts } from './features.reads.ts';
import type { Features } from './features.service.ts';
import { resolve } from './resolution.ts';
import type { countUse, Use } from './usage.repository.ts';

/** Percents of a quota at which people are told; the highest that a take reaches. */
const MARKS = [100, 80] as const;

interface QuotaNotice extends Pick<Use, 'feature' | 'startsOn' | 'holderId'> {
  readonly of: 'person' | 'company';
  readonly percent: (typeof MARKS)[number];
  readonly recipients: readonly string[];
}

export interface QuotaNotices {
  notify(tx: Tx, notice: QuotaNotice): Promise<void>;
}

interface QuotasDependencies {
  readonly facts: typeof featureFacts;
  readonly countUse: typeof countUse;
  /** Who is told of the company's quota. */
  readonly caretakersOf: (reader: Reader, at: Date) => Promise<readonly string[]>;
  readonly notices: QuotaNotices;
}

/**
 * Takes from quotas: the company's first, then the person's, so that nobody waits in a circle. A new period has counts of its
 * own: nothing is reset.
 */
export const createTake = ({ facts, countUse: count, caretakersOf, notices }: QuotasDependencies): Features['take'] => {
  const takeFrom = async (tx: Tx, of: QuotaNotice['of'], use: Use): Promise<void> => {
    const used = await count(tx, use);
    const { feature, startsOn, holderId, amount, limit } = use;
    if (used === undefined) throw conflict('FEATURE_QUOTA', { params: { feature, limit: limit ?? 0 } });
    const percent = MARKS.find((mark) => {
      const units = ((limit ?? Infinity) * mark) / 100;
      return used >= units && used - amount < units;
    });
    if (percent === undefined) return;
    const recipients = of === 'person' ? [holderId] : await caretakersOf(tx, tx.now);
    await notices.notify(tx, { feature, startsOn, holderId, of, percent, recipients });
  };
  return async (tx, profileId, feature, amount) => {
    if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`no use of ${feature} is ${amount} units`);
    const [known] = await facts(tx, { profileId, at: tx.now, feature });
    const resolution = known === undefined ? undefined : resolve(known);
    if (known === undefined || resolution?.allowed !== true) throw forbidden('FEATURE_OFF', { params: { feature } });
    if (known.used === null) return;
    const { quota } = resolution;
    const use = { feature, amount, startsOn: known.used.startsOn };
    await takeFrom(tx, 'company', { ...use, holderId: tx.companyId, limit: quota.company });
    await takeFrom(tx, 'person', { ...use, holderId: profileId, limit: quota.person });
  };
};
