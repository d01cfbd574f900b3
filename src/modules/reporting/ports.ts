import type { Tx } from '../../platform/db/database.ts';
import type { ExportError } from './exports/exports.repository.ts';

/** Something about an export that a person should hear of. */
export interface ExportNotice {
  readonly kind: 'export_ready' | 'export_failed';
  /** Who is told. */
  readonly recipients: readonly string[];
  /** Whom it is about. */
  readonly profileId: string;
  readonly entity: 'export_job';
  readonly entityId: string;
  /** Codes for the text; never a personal value. */
  readonly params: { readonly error?: ExportError };
}

/** Hears of notices in the transaction that makes them, so that they are sent exactly when it commits. */
export interface Notices {
  notify(tx: Tx, notice: ExportNotice): Promise<void>;
}
