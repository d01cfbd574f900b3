import type { Tx } from '../../platform/db/database.ts';

/** Something of fitness that people must hear of at once, by every channel they have. */
export interface FitnessNotice {
  readonly kind: 'test_alert' | 'test_missed' | 'case_escalation' | 'case_recheck' | 'device_calibration';
  /** Who is told. */
  readonly recipients: readonly string[];
  /** Whom it is about; null where it is nobody. */
  readonly profileId: string | null;
  readonly entity: 'fitness_case' | 'requirement' | 'fitness_breach' | 'device';
  readonly entityId: string;
  /** Codes for the text; never a health value. */
  readonly params: Readonly<Record<string, string>>;
}

/** Hears of notices in the transaction that makes them, so that they are sent exactly when it commits. */
export interface Notices {
  notify(tx: Tx, notice: FitnessNotice): Promise<void>;
}
