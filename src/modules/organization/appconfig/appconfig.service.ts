import type { Configuration, Setting } from '../../../platform/configuration.ts';
import type { CompanyRecord, Directory } from '../../../platform/access/directory.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { Validator } from '../../../platform/schema/validator.ts';
import { notFound, Problem } from '../../../platform/module.ts';
import type { Context, Reader, Repository } from '../../../platform/module.ts';
import { storedSettings } from './appconfig.repository.ts';
import type { CompanySettingRow, StoredSetting } from './appconfig.repository.ts';

interface AppconfigDependencies {
  readonly repository: Repository<CompanySettingRow>;
  readonly directory: Directory;
  readonly work: UnitOfWork;
  readonly validator: Validator;
  /** All settings of all modules; asked when a request comes, since modules are wired one after the other. */
  readonly settings: () => readonly Setting<unknown>[];
}

/** One setting as the company's admins see it. */
export interface SettingView {
  readonly key: string;
  readonly value: unknown;
  readonly default: unknown;
  readonly schema: unknown;
  readonly public: boolean;
  /** 0: the company has not set it. */
  readonly version: number;
}

/**
 * Reads settings. Nothing is kept longer than a transaction: all settings of a company are a few rows, read once by one
 * prepared statement when the first is asked for. So every process sees a change with its very next transaction, and no
 * settings change has to end anybody's cached session.
 */
export const createConfiguration = (validator: Validator) => {
  const known = new WeakMap<Reader, Promise<StoredSetting[]>>();
  const load = (reader: Reader): Promise<StoredSetting[]> => {
    const rows = known.get(reader) ?? storedSettings(reader);
    known.set(reader, rows);
    return rows;
  };
  /** A stored value that no longer fits its schema counts as not set. */
  const valueOf = <T>(rows: readonly StoredSetting[], wanted: Setting<T>): T => {
    const row = rows.find(({ key }) => key === wanted.key);
    if (row === undefined || validator.compile(wanted.schema)(row.value).length > 0) return wanted.default;
    return row.value as T;
  };
  return {
    valueOf,
    load,
    get: async <T>(reader: Reader, wanted: Setting<T>): Promise<T> => valueOf(await load(reader), wanted),
    /** The transaction changed a setting: read again. */
    forget: (reader: Reader): void => void known.delete(reader),
  } satisfies Configuration & Record<string, unknown>;
};

/** Company configuration for its admins, and the part that frontends need before sign-in. */
export const createAppconfigService = (
  { repository, directory, work, validator, settings }: AppconfigDependencies,
  configuration: ReturnType<typeof createConfiguration>,
) => {
  const view = (rows: readonly StoredSetting[], wanted: Setting<unknown>): SettingView => ({
    key: wanted.key,
    value: configuration.valueOf(rows, wanted),
    default: wanted.default,
    schema: wanted.schema,
    public: wanted.public === true,
    version: rows.find(({ key }) => key === wanted.key)?.version ?? 0,
  });
  const find = (key: string): Setting<unknown> => {
    const found = settings().find((candidate) => candidate.key === key);
    if (found === undefined) throw notFound();
    return found;
  };
  const mustFit = (wanted: Setting<unknown>, value: unknown): void => {
    const faults = validator.compile(wanted.schema)(value, 'body');
    if (faults.length === 0 && value !== null) return;
    const errors = faults.map((fault) => ({ ...fault, pointer: `/value${fault.pointer}` }));
    throw new Problem(422, 'INVALID', { errors: value === null ? [{ pointer: '/value', code: 'required' }] : errors });
  };
  return {
    all: (context: Context): Promise<SettingView[]> =>
      work.read(context, async (reader) => {
        const rows = await configuration.load(reader);
        return settings().map((wanted) => view(rows, wanted));
      }),
    one: (context: Context, key: string): Promise<SettingView> =>
      work.read(context, async (reader) => view(await configuration.load(reader), find(key))),
    /** Sets a value. `version` is the one that was read, 0 where the company had not set it. */
    set: (context: Context, key: string, value: unknown, version: number): Promise<SettingView> =>
      work.write(context, async (tx) => {
        const wanted = find(key);
        mustFit(wanted, value);
        await serialize(tx, `setting:${key}`);
        const stored = (await storedSettings(tx)).find((row) => row.key === key);
        if ((stored?.version ?? 0) !== version)
          throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: stored?.version ?? 0 } });
        if (stored === undefined) await repository.insert(tx, { key, value }, { action: 'set' });
        else await repository.update(tx, await repository.lock(tx, stored.id, version), { value }, { action: 'set' });
        configuration.forget(tx);
        return view(await configuration.load(tx), wanted);
      }),
    /** What anybody may know who can name the company: its public settings. */
    open: async (
      context: PublicContext,
    ): Promise<{ company: Omit<CompanyRecord, 'id' | 'isSuspended'>; settings: Record<string, unknown> }> => {
      const company = await directory.company(context.hints);
      if (company === undefined) throw notFound();
      const { id, isSuspended: _isSuspended, ...rest } = company;
      return work.read({ scope: systemScope(id, 'appconfig', context.traceId) }, async (reader) => {
        const rows = await configuration.load(reader);
        const shown = settings().filter((wanted) => wanted.public === true);
        const values = shown.map((wanted) => [wanted.key, configuration.valueOf(rows, wanted)]);
        return { company: rest, settings: Object.fromEntries(values) as Record<string, unknown> };
      });
    },
  };
};
