import type pg from 'pg';
import type { Logger } from 'pino';
import type { Database, Reader } from '../../../platform/db/database.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { IdentityProvider, StaffRole, User } from '../../../platform/identity-provider/port.ts';
import { STAFF_ROLES } from '../../../platform/identity-provider/realm.ts';
import { job } from '../../../platform/module.ts';
import type { Enqueue, JobDefinition, TickDefinition, Tx } from '../../../platform/module.ts';
import { personIdOf, usernameOf } from '../persons/identifiers.ts';
import type { Difference, Logins } from '../persons/logins.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import { replaceDrift } from './reconciliation.repository.ts';
import type { Drift, DriftKind } from './reconciliation.repository.ts';
import { stretchesOf } from './user-walk.ts';

const RECONCILE = 'identity.provider.reconcile';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** When it is night in Chile and few change anything: 07:00 UTC. */
const AT_NIGHT = 7 * HOUR;
const PAGE = 500;
/** More of a kind has one cause: the report stays readable, and what can be brought in line goes on the next night. */
const MOST_OF_A_KIND = 500;
/** So many users that are missing are made anew, without a password; more is another realm, or a restored one. */
const MOST_MADE = 20;
const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const KIND_OF: Readonly<Record<Difference, DriftKind>> = {
  enabled: 'enabled_differs',
  email: 'email_differs',
  names: 'names_differ',
};

interface Machine {
  readonly companyId: string;
  readonly id: string;
  readonly clientId: string;
  readonly isActive: boolean;
}

interface ReconciliationDependencies {
  readonly db: Pick<Database, 'read' | 'write'>;
  /** A pool of user `system`: machine clients are of every company. */
  readonly system: pg.Pool;
  readonly persons: Pick<Persons, 'repository' | 'between' | 'staffRoles' | 'align'>;
  readonly logins: Pick<Logins, 'of' | 'differences'>;
  readonly identityProvider: Pick<IdentityProvider, 'users' | 'machineClients'>;
  /** Asks for a machine client of the transaction's company to be switched as it stands here. */
  readonly alignClient: (tx: Tx, id: string) => Promise<unknown>;
  readonly enqueue: Enqueue;
  readonly log: Pick<Logger, 'warn'>;
}

/** What is found, in the order in which it is. Who is in several stretches counts once. */
const createFindings = () => {
  const found = new Map<DriftKind, Map<string, Drift>>();
  const of = (kind: DriftKind): Map<string, Drift> => found.get(kind) ?? new Map<string, Drift>();
  const isFull = (kind: DriftKind): boolean => of(kind).size >= MOST_OF_A_KIND;
  return {
    isFull,
    add: (kind: DriftKind, subject: string, mended: boolean): void => {
      if (!isFull(kind)) found.set(kind, of(kind).set(subject, { kind, subject, mended }));
    },
    counts: (): object => Object.fromEntries([...found].map(([kind, { size }]) => [kind, size])),
    /** Of users that are missing a few are made anew, many are not. */
    settled: (): Drift[] =>
      [...found.values()].flatMap((ofKind) =>
        [...ofKind.values()].map((one) =>
          one.kind === 'user_missing' ? { ...one, mended: ofKind.size <= MOST_MADE } : one,
        ),
      ),
  };
};
type Findings = ReturnType<typeof createFindings>;

/** Compares the identity provider with what stands here: see docs/decisions/what-reconciliation-mends.md. */
export const createReconciliation = (
  dependencies: ReconciliationDependencies,
): { readonly jobs: readonly JobDefinition[]; readonly ticks: readonly TickDefinition[] } => {
  const { db, system, persons, logins, identityProvider, alignClient, enqueue, log } = dependencies;
  const { users, machineClients } = identityProvider;

  const heldRoles = async (): Promise<ReadonlyMap<string, readonly StaffRole[]>> => {
    const held = new Map<string, StaffRole[]>();
    for (const role of STAFF_ROLES)
      for (const id of await users.holders(role)) held.set(id, [...(held.get(id) ?? []), role]);
    return held;
  };

  const comparePeople = async (scope: Scope, findings: Findings, signal: AbortSignal): Promise<void> => {
    const read = <T>(work: (reader: Reader) => Promise<T>): Promise<T> => db.read(scope, work);
    const held = await heldRoles();
    const ofMachines = new Set(await machineClients.roleHolders());
    const staff = await read(persons.staffRoles);

    const compare = (person: PersonRow, user: User): void => {
      if (person.status === 'erased') {
        findings.add('person_erased', person.id, true);
        return;
      }
      for (const one of logins.differences(logins.of(person), user)) findings.add(KIND_OF[one], person.id, true);
      if (person.keycloakId !== user.id) findings.add('user_replaced', person.id, true);
      const wanted = staff.get(person.id);
      const roles = held.get(user.id) ?? [];
      if (ofMachines.has(user.id)) findings.add('machine_role_held', person.id, false);
      if (roles.length !== (wanted === undefined ? 0 : 1) || roles[0] !== wanted)
        findings.add('roles_differ', person.id, true);
    };
    const addUnknown = (kind: DriftKind, user: User): void => {
      findings.add(kind, user.id, false);
      if (ofMachines.has(user.id)) findings.add('machine_role_held', user.id, false);
    };
    /** Asked by name: whoever came or went meanwhile may be in no stretch. */
    const compareAlone = async (person: PersonRow): Promise<void> => {
      if (findings.isFull('user_missing')) return;
      const user = await users.find({ username: usernameOf(person.id) });
      if (user !== undefined) compare(person, user);
      else findings.add('user_missing', person.id, true);
    };
    const comparePersons = async (after: string, upTo: string, left: Map<string, User>): Promise<void> => {
      for (let from = after; ;) {
        signal.throwIfAborted();
        const page = await read((reader) => persons.between(reader, from, upTo, PAGE));
        for (const person of page) {
          const user = left.get(person.id);
          left.delete(person.id);
          if (user !== undefined) compare(person, user);
          else await compareAlone(person);
        }
        if (page.length < PAGE) return;
        from = page.at(-1)!.id;
      }
    };

    // Users come in the order of their names, which is that of the persons' ids: both are read once, side by side. Of who is
    // erased nothing is asked: a user that is there all the same is left over of its stretch.
    let after = FIRST;
    for await (const { users: stretch, isLast } of stretchesOf(users)) {
      const ours = new Map<string, User>();
      for (const user of stretch) {
        const personId = personIdOf(user.username);
        if (personId === undefined) addUnknown('user_not_ours', user);
        else ours.set(personId, user);
      }
      const upTo = isLast ? LAST : [after, ...ours.keys()].toSorted().at(-1)!;
      await comparePersons(after, upTo, ours);
      for (const [personId, user] of ours) {
        const person = await read((reader) => persons.repository.find(reader, personId));
        if (person === undefined) addUnknown('person_missing', user);
        else compare(person, user);
      }
      after = upTo;
    }
  };

  const machines = async (): Promise<Machine[]> => {
    const { rows } = await system.query<Machine>(
      `select company_id as "companyId", id, client_id as "clientId", status = 'active' as "isActive"
       from api_client where deleted_at is null order by company_id, id`,
    );
    return rows;
  };

  /** Answers the machine clients that are to be switched as they stand here. */
  const compareMachines = async (findings: Findings): Promise<Machine[]> => {
    const there = new Map((await machineClients.list()).map(({ clientId, enabled }) => [clientId, enabled]));
    const different: Machine[] = [];
    for (const machine of await machines()) {
      const enabled = there.get(machine.clientId);
      there.delete(machine.clientId);
      if (enabled === undefined && machine.isActive) findings.add('client_missing', machine.clientId, false);
      if (enabled === undefined || enabled === machine.isActive) continue;
      findings.add('client_enabled_differs', machine.clientId, true);
      different.push(machine);
    }
    for (const clientId of there.keys()) findings.add('client_not_ours', clientId, false);
    return different;
  };

  const reconcile = async (scope: Scope, signal: AbortSignal): Promise<void> => {
    const findings = createFindings();
    const switched = await compareMachines(findings);
    await comparePeople(scope, findings, signal);
    const found = findings.settled();
    const isMachine = ({ kind }: Drift): boolean => kind.startsWith('client_');
    const different = new Set(found.filter((one) => one.mended && !isMachine(one)).map(({ subject }) => subject));
    await db.write(scope, async (tx) => {
      await replaceDrift(tx, found);
      for (const personId of different) await persons.align(tx, personId);
    });
    for (const { companyId, id } of switched)
      await db.write(systemScope(companyId, RECONCILE, scope.traceId), (tx) => alignClient(tx, id));
    if (found.length === 0) return;
    log.warn({ counts: findings.counts() }, 'the identity provider differs: see GET /angelis/admin/person/drift');
  };

  return {
    jobs: [
      job({
        name: RECONCILE,
        timeout: HOUR,
        run: (_payload, { scope, signal }) => reconcile(scope, signal),
      }),
    ],
    ticks: [
      {
        name: 'identity.provider.reconcile-nightly',
        every: DAY / 1_000,
        for: 'once',
        run: async (scope, { now }) => {
          const runAt = new Date((Math.floor(now.getTime() / DAY) + 1) * DAY + AT_NIGHT);
          await db.write(scope, (tx) => enqueue(tx, RECONCILE, {}, { runAt, dedupeKey: runAt.toISOString() }));
        },
      },
    ],
  };
};
