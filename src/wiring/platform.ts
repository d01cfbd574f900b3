import type pg from 'pg';
import type { Logger } from 'pino';
import { createConfiguration } from '../modules/organization/appconfig/appconfig.service.ts';
import type { IngestSource } from '../modules/fitness/ingest/ingest.ts';
import type { Catalogue, Openings } from '../platform/access/catalogue.ts';
import { createDecider } from '../platform/access/decision.ts';
import type { Decide } from '../platform/access/decision.ts';
import { createDirectory } from '../platform/access/directory.ts';
import type { Directory } from '../platform/access/directory.ts';
import { createChangeRecorder } from '../platform/change/recorder.ts';
import type { ChangeRecorder } from '../platform/change/recorder.ts';
import { createCompanyVault } from '../platform/change/company-vault.ts';
import type { CompanyVault } from '../platform/change/company-vault.ts';
import { createVault } from '../platform/change/vault.ts';
import type { PersonalVault } from '../platform/change/vault.ts';
import type { KeyRing } from '../platform/crypto/key-ring.ts';
import type { CrudParts, MovingParts } from '../platform/crud/service.ts';
import { createCursors } from '../platform/db/cursor.ts';
import type { Database } from '../platform/db/database.ts';
import { createList } from '../platform/db/list.ts';
import type { EntityList } from '../platform/db/list-of.ts';
import type { List, ListDefinition } from '../platform/db/list.ts';
import { createBulk } from '../platform/db/bulk.ts';
import type { Bulk } from '../platform/db/bulk.ts';
import { createOperatorRepository } from '../platform/db/operator-repository.ts';
import { createRepository } from '../platform/db/repository.ts';
import type { Repository } from '../platform/db/repository.ts';
import { createUnitOfWork } from '../platform/db/unit-of-work.ts';
import type { UnitOfWork } from '../platform/db/unit-of-work.ts';
import type { TxtRecords } from '../platform/dns/txt-records.ts';
import type { Beat } from '../platform/http/beat.ts';
import type { Module } from '../platform/http/module.ts';
import type { RateLimits } from '../platform/http/rate-limits.ts';
import { catalogueOf, openingsOf } from '../platform/http/registry.ts';
import type { I18n } from '../platform/i18n/i18n.ts';
import type { IdentityProvider } from '../platform/identity-provider/port.ts';
import type { Enqueue } from '../platform/jobs/definitions.ts';
import type { Outbox } from '../platform/jobs/outbox.ts';
import type { Lifecycle, Stateful } from '../platform/lifecycle/lifecycle.ts';
import { createMover } from '../platform/lifecycle/mover.ts';
import type { Mover } from '../platform/lifecycle/mover.ts';
import type { Mailer, Sms } from '../platform/messaging/messages.ts';
import type { Poster } from '../platform/messaging/post.ts';
import { once } from '../platform/once.ts';
import type { Validator } from '../platform/schema/validator.ts';
import type { AnyEntity, RowOf } from '../platform/schema/entity.ts';
import type { Hub } from '../platform/stream/hub.ts';
import { createTickets } from '../platform/stream/tickets.ts';
import type { Tickets } from '../platform/stream/tickets.ts';
import type { FileStore } from '../platform/storage/file-store.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Tracer } from '../platform/telemetry/tracer.ts';

/** What a process is given: connections, keys, ports to the outside, clock. Tests give their own. */
export interface Foundation {
  readonly db: Database;
  /** The data paths of long reads in the background: patient statements, the replica where there is one. */
  readonly jobsDb: Database;
  /** A pool of user `system`. */
  readonly system: pg.Pool;
  readonly keys: {
    readonly data: KeyRing;
    readonly lookup: KeyRing;
    readonly signing: KeyRing;
    readonly chain: KeyRing;
  };
  readonly identityProvider: IdentityProvider;
  readonly i18n: I18n;
  readonly validator: Validator;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent where no collector is set. */
  readonly tracer?: Tracer;
  readonly rates: RateLimits;
  /** When refused sign-ins answer. */
  readonly beat: Beat;
  readonly outbox: Outbox;
  readonly files: FileStore;
  readonly mailer: Mailer;
  readonly sms: Sms;
  /** What stands in DNS. */
  readonly txtRecords: TxtRecords;
  /** How systems of companies are called. */
  readonly webhooks: Poster;
  /** Where results come from, beside what people enter themselves. */
  readonly sources: readonly IngestSource[];
  /** The live streams of this process. */
  readonly hub: Pick<Hub, 'openStream'>;
  /** Tells the sealer that a company has new changes. */
  readonly changed?: (companyId: string) => void;
  readonly now: () => Date;
  readonly publicUrl: string;
  /** Where the front end of administrators may have the sign-in page lead back to, beside the callback here. */
  readonly adminRedirectUris: readonly string[];
}

/**
 * What the service of a plain entity is made with: its repository and list, and the mover of its lifecycle. `follow` wraps
 * the repository: what else happens with each of its writes.
 */
interface CrudPartsOf {
  <E extends AnyEntity>(list: EntityList<E>): CrudParts<RowOf<E>>;
  <E extends AnyEntity>(
    list: EntityList<E>,
    lifecycle: Lifecycle<RowOf<E>>,
    follow?: (repository: Repository<RowOf<E>>) => Repository<RowOf<E>>,
  ): MovingParts<RowOf<E>>;
}

/** The mechanisms that every area builds its modules with. */
export interface Platform extends Foundation {
  readonly work: UnitOfWork;
  readonly enqueue: Enqueue;
  readonly tickets: Tickets;
  readonly changes: ChangeRecorder;
  readonly vault: PersonalVault;
  /** Seals values of health under the company's key. */
  readonly companyVault: CompanyVault;
  readonly directory: Directory;
  readonly configuration: ReturnType<typeof createConfiguration>;
  /** Every permission of the modules, once all are wired, and through which clients each opens anything. */
  readonly catalogue: () => Catalogue;
  readonly openings: () => Openings;
  readonly decide: Decide;
  readonly repository: <E extends AnyEntity>(entity: E) => Repository<RowOf<E>>;
  readonly bulk: <E extends AnyEntity>(entity: E) => Bulk<RowOf<E>>;
  readonly list: (definition: ListDefinition) => List;
  readonly crud: CrudPartsOf;
  /** The same for an entity of the operator, which has no company. */
  readonly operatorCrud: <E extends AnyEntity>(entity: E, list: ListDefinition) => CrudParts<RowOf<E>>;
  readonly mover: <Row extends Stateful>(lifecycle: Lifecycle<Row>, repository: Repository<Row>) => Mover<Row>;
  /** Every mover that was made, by entity: the sweeper finds them here. */
  readonly movers: ReadonlyMap<string, Mover<never>>;
}

/** Builds the mechanisms over what the process was given, and what the modules to come declare. */
export const createPlatform = (foundation: Foundation, modules: () => readonly Module[]): Platform => {
  const catalogue = once(() => catalogueOf(modules()));
  const { db, system, keys, validator, now } = foundation;
  const work = createUnitOfWork(db);
  const vault = createVault(keys.data);
  const changes = createChangeRecorder(vault, foundation.changed);
  const decide = createDecider(catalogue);
  const cursors = createCursors(keys.signing, now);
  const movers = new Map<string, Mover<never>>();
  const repository: Platform['repository'] = (entity) => createRepository(entity, db, changes);
  const list: Platform['list'] = (definition) => createList(definition, cursors);
  const mover: Platform['mover'] = (lifecycle, rows) => {
    const made = createMover(lifecycle, rows, { work, decide });
    movers.set(lifecycle.entity, made as unknown as Mover<never>);
    return made;
  };
  const crud = <E extends AnyEntity>(
    definition: EntityList<E>,
    lifecycle?: Lifecycle<RowOf<E>>,
    follow = (rows: Repository<RowOf<E>>) => rows,
  ) => {
    const rows = follow(repository(definition.entity));
    const parts = { work, now, repository: rows, list: list(definition) };
    return lifecycle === undefined ? parts : { ...parts, mover: mover(lifecycle, rows) };
  };
  return {
    ...foundation,
    work,
    vault,
    companyVault: createCompanyVault(keys.data),
    changes,
    catalogue,
    openings: once(() => openingsOf(modules())),
    decide,
    movers,
    enqueue: foundation.outbox.enqueue,
    tickets: createTickets(db),
    directory: createDirectory(system, now),
    configuration: createConfiguration(validator),
    repository,
    bulk: (entity) => createBulk(entity, changes),
    list,
    mover,
    crud: crud as CrudPartsOf,
    operatorCrud: (entity, definition) => ({
      work,
      now,
      repository: createOperatorRepository(entity, changes),
      list: list(definition),
    }),
  };
};
