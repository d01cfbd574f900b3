/**
 * - `edited`: a row does not fit its link
 * - `swapped`: two rows stand in each other's place
 * - `change_deleted`: a number or a pending mark whose row is gone
 * - `seal_deleted`: numbers are missing
 * - `never_sealed`: a row with neither number nor pending mark
 * - `tail_cut`: the newest numbers are gone
 * - `resealed`: a link differs from its signed checkpoint
 * - `unknown_key`: a link under a key that is not in the ring
 * - `pending_too_old`: the sealer has left a row behind
 * - `head_differs`: the head does not name the newest link
 * - `checkpoint_missing`, `checkpoint_forged`: the store lacks a checkpoint, or holds one that no key of ours signed
 */
export type FaultKind =
  | 'edited'
  | 'swapped'
  | 'change_deleted'
  | 'seal_deleted'
  | 'never_sealed'
  | 'tail_cut'
  | 'resealed'
  | 'unknown_key'
  | 'pending_too_old'
  | 'head_differs'
  | 'checkpoint_missing'
  | 'checkpoint_forged';

export interface ChainFault {
  readonly seq?: number;
  readonly changeId?: string;
  readonly kind: FaultKind;
  readonly detail: string;
}

/** What a walk found; at most 1,000 faults are named. `from` to `to` are the numbers walked. */
export interface ChainReport {
  readonly company: string;
  readonly from: number;
  readonly to: number;
  readonly checked: number;
  readonly ok: boolean;
  readonly faults: readonly ChainFault[];
}
