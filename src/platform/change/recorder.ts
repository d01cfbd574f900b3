import { randomInt } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../db/database.ts';
import type { AnyEntity } from '../schema/entity.ts';
import type { PersonalVault } from './vault.ts';

/** What one change says: who and where come from the transaction's scope. */
export interface ChangeNote {
  /** The verb: create, update, delete, or the name of a lifecycle move. */
  readonly action: string;
  readonly reason?: string;
  /** Profiles whose live stream is told; fixed now, kept seven days. */
  readonly audience?: readonly string[];
}

/** A change of something that is no entity (a sign-in, a read of health data, an export's download). */
export interface ChangeEvent extends ChangeNote {
  readonly entity: string;
  readonly entityId: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** Personal values of a change, sealed under the key of the profile they are about. */
interface Personal {
  readonly subject: string;
  readonly sealed: string;
}

/** What of an entity its changes need. */
type Recorded = Pick<AnyEntity, 'table' | 'fields' | 'personal' | 'subject'>;

/** A row before and after it was written; one side is missing where it was made or deleted. */
export interface RowChange {
  readonly note: ChangeNote;
  readonly before?: object | undefined;
  readonly after?: object | undefined;
}

export interface ChangeRecorder {
  record(tx: Tx, entity: Recorded, note: ChangeNote, before?: object, after?: object): Promise<void>;
  /** Changes of many rows of an entity, in their order, in as few statements as one. */
  records(tx: Tx, entity: Recorded, changes: readonly RowChange[]): Promise<void>;
  event(tx: Tx, event: ChangeEvent): Promise<void>;
  /** Many events of one unit of work, in their order, in as few statements as one. */
  events(tx: Tx, events: readonly ChangeEvent[]): Promise<void>;
  /** Many rows of an entity that were made, in one statement; personal values are sealed by `seal`, per row's own subject. */
  creations(
    tx: Tx,
    entity: Recorded,
    rows: readonly { readonly id: string }[],
    seal: (subject: string, plaintext: string) => string,
  ): Promise<void>;
}

type Values = Readonly<Record<string, unknown>>;

const INSERT = `with made as (
    select * from jsonb_to_recordset($2) as m(id uuid, action text, entity text, "entityId" uuid, before jsonb,
      after jsonb, reason text, personal jsonb)),
  pending as (insert into change_pending (company_id, change_id) select $1, made.id from made),
  told as (insert into change_recipient (company_id, change_id, profile_id)
    select $1, m.id, m.profile from jsonb_to_recordset($11) as m(id uuid, profile uuid))
  insert into change (company_id, id, at, actor_kind, actor_id, actor_via, on_behalf_of, action, entity, entity_id,
  before, after, subject_id, personal, reason, trace_id, address, agent, created_at)
  select $1, made.id, $3, $4, $5, $6, $7, made.entity || '.' || made.action, made.entity, made."entityId", made.before,
    made.after, (made.personal ->> 'subject')::uuid, made.personal ->> 'sealed', made.reason, $8, $9, $10, $3 from made`;

interface SealedEvent extends ChangeEvent {
  readonly personal?: Personal;
}

const write = async (tx: Tx, events: readonly (SealedEvent & { readonly id: string })[]): Promise<void> => {
  const { actor, traceId, address, agent } = tx.scope;
  const rows = events.map((event) => ({ ...event, audience: undefined }));
  const told = events.flatMap(({ id, audience = [] }) => [...new Set(audience)].map((profile) => ({ id, profile })));
  await tx.prepared(INSERT, [
    tx.companyId,
    JSON.stringify(rows),
    tx.now,
    actor.kind,
    actor.id,
    actor.via ?? null,
    actor.onBehalfOf ?? null,
    traceId,
    address ?? null,
    agent ?? null,
    JSON.stringify(told),
  ]);
};

/** The declared fields that differ (all of them when one side is missing), split into open and personal ones. */
const split = (
  fields: readonly string[],
  personal: readonly string[],
  side: Values | undefined,
  other: Values | undefined,
) => {
  if (side === undefined) return { open: undefined, closed: undefined };
  const changed = fields.filter(
    (name) =>
      other === undefined || (side[name] !== other[name] && JSON.stringify(side[name]) !== JSON.stringify(other[name])),
  );
  const take = (keep: boolean) =>
    Object.fromEntries(
      changed
        .filter((name) => personal.includes(name) === keep && side[name] !== undefined)
        .map((name) => [name, side[name]]),
    );
  return { open: take(false), closed: take(true) };
};

/** Both sides of a change, each split into open and personal values. */
const sidesOf = ({ fields, personal = [] }: Recorded, before: object | undefined, after: object | undefined) => {
  const [old, fresh] = [before, after] as (Values | undefined)[];
  const sideOf = (side?: Values, other?: Values) =>
    split(Object.keys(fields), personal as readonly string[], side, other);
  return { old: sideOf(old, fresh), fresh: sideOf(fresh, old) };
};

/** What the change log says openly of a row that was made (no `before`), changed, or removed (no `after`). */
export const changeOf = (entity: Recorded, note: ChangeNote, before?: object, after?: object): ChangeEvent => {
  const { id } = (after ?? before) as { readonly id: string };
  const { old, fresh } = sidesOf(entity, before, after);
  return {
    ...note,
    entity: entity.table,
    entityId: id,
    ...(old.open && { before: old.open }),
    ...(fresh.open && { after: fresh.open }),
  };
};

/** Ids of one transaction's changes: they ascend, so that its rows keep their order in the trail and on the chain. */
const createIds = () => {
  const next = new WeakMap<Tx, number>();
  return (tx: Tx): string => {
    const seq = next.get(tx) ?? randomInt(2 ** 31);
    next.set(tx, seq + 1);
    return uuidv7({ msecs: tx.now.getTime(), seq });
  };
};

/**
 * Writes change rows; see docs/architecture.md, change. Secrets never get here: hidden columns are no fields.
 * `committed` hears of each company that has new rows, once per commit: the sealer's nudge.
 */
export const createChangeRecorder = (
  vault: Pick<PersonalVault, 'seal'>,
  committed?: (companyId: string) => void,
): ChangeRecorder => {
  const idFor = createIds();
  const told = new WeakSet<Tx>();
  const tell = (tx: Tx): void => {
    if (committed === undefined || told.has(tx)) return;
    told.add(tx);
    tx.afterCommit(() => committed(tx.companyId));
  };
  const save = async (tx: Tx, events: readonly SealedEvent[]): Promise<void> => {
    if (events.length === 0) return;
    await write(
      tx,
      events.map((event) => ({ ...event, id: idFor(tx) })),
    );
    tell(tx);
  };
  /** What the log says of a row: what differs, personal values sealed. */
  const eventOf = async (tx: Tx, entity: Recorded, { note, before, after }: RowChange): Promise<SealedEvent> => {
    const row = (after ?? before) as Values & { id: string };
    const { old, fresh } = sidesOf(entity, before, after);
    const closed = { ...(old.closed && { before: old.closed }), ...(fresh.closed && { after: fresh.closed }) };
    const event = changeOf(entity, note, before, after);
    if (!Object.values(closed).some((values) => Object.keys(values).length > 0)) return event;
    const subject = entity.subject?.(row as never) ?? row.id;
    return { ...event, personal: { subject, sealed: await vault.seal(tx, subject, JSON.stringify(closed)) } };
  };
  const records: ChangeRecorder['records'] = async (tx, entity, rows) => {
    const events: SealedEvent[] = [];
    for (const row of rows) events.push(await eventOf(tx, entity, row));
    await save(tx, events);
  };
  return {
    records,
    record: (tx, entity, note, before, after) => records(tx, entity, [{ note, before, after }]),
    events: save,
    event: (tx, event) => save(tx, [event]),
    creations: async (tx, entity, rows, seal) => {
      const secret = (entity.personal ?? []) as readonly string[];
      const events = rows.map((row): SealedEvent => {
        const { open, closed = {} } = split(Object.keys(entity.fields), secret, { ...row }, undefined);
        const subject = entity.subject?.(row as never) ?? row.id;
        const isPersonal = Object.keys(closed).length > 0;
        return {
          action: 'create',
          entity: entity.table,
          entityId: row.id,
          ...(open && { after: open }),
          ...(isPersonal && { personal: { subject, sealed: seal(subject, JSON.stringify({ after: closed })) } }),
        };
      });
      await save(tx, events);
    },
  };
};
