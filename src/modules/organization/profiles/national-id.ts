import Type from 'typebox';
import type { Static } from 'typebox';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { Configuration } from '../../../platform/configuration.ts';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { lookupHashes } from '../../../platform/crypto/sealed.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { maskRut, parseRut } from '../../../platform/text/rut.ts';
import type { RutOptions } from '../../../platform/text/rut.ts';
import type { Setting } from '../../../platform/configuration.ts';
import { conflict, exact, invalid, oneOf } from '../../../platform/module.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import { profileByNationalId } from './profiles.repository.ts';
import type { ProfileRow } from './profiles.repository.ts';

export const NATIONAL_ID_KINDS = ['RUT', 'PASSPORT', 'OTHER'] as const;

export const NATIONAL_ID = exact({
  kind: oneOf(NATIONAL_ID_KINDS),
  value: Type.String({ minLength: 4, maxLength: 40, examples: ['12.345.678-5'] }),
});
export type NationalId = Static<typeof NATIONAL_ID>;

/** What is stored of a national id: never the id itself. */
export interface StoredNationalId {
  readonly nationalIdKind: NationalId['kind'];
  readonly nationalIdSealed: string | null;
  readonly nationalIdHash: string | null;
  readonly nationalIdMask: string | null;
}

interface NationalIdDependencies {
  readonly vault: PersonalVault;
  readonly keys: { readonly lookup: KeyRing };
  readonly configuration: Configuration;
  readonly rutSetting: Setting<RutOptions>;
}

/** Whether the caller may be told which profile has an id already. */
type MayName = (profileId: string) => Promise<boolean>;

const DOCUMENT = /^[A-Z0-9]{4,30}$/;
/** Fewer digits make no document that is looked for: a name would be one too. */
const LEAST_DIGITS = 4;
/** Any RUT: which lengths may be entered is a company's own choice, and not needed to find what was. */
const ANY_RUT = { minBody: 5, maxBody: 9 };

/** A document other than a RUT in its one written form. */
const documentOf = (written: string): string | undefined => {
  const text = written.toUpperCase().replaceAll(/[\s.-]/g, '');
  return DOCUMENT.test(text) ? text : undefined;
};
const NONE: StoredNationalId = {
  nationalIdKind: 'RUT',
  nationalIdSealed: null,
  nationalIdHash: null,
  nationalIdMask: null,
};

/** The keyed hashes under which an id in its one written form may stand in a company, the current key's first. */
export const nationalIdHashes = (lookup: KeyRing, companyId: string, kind: string, value: string): string[] =>
  lookupHashes(lookup, `profile.national_id:${companyId}`, `${kind}:${value}`);

/** National ids of profiles: read strictly, sealed under the profile's key, found by a keyed hash of the company's own. */
export const createNationalIds = ({ vault, keys, configuration, rutSetting }: NationalIdDependencies) => {
  /** The one written form of an id, or what is wrong with it. */
  const read = ({ kind, value }: NationalId, options: RutOptions): { value: string } | { problem: string } => {
    if (kind === 'RUT') {
      const result = parseRut(value, options);
      return result.ok ? { value: result.rut.value } : { problem: result.problem };
    }
    const text = documentOf(value);
    return text === undefined ? { problem: 'NATIONAL_ID' } : { value: text };
  };
  /** As `read`; 422 at `pointer` when it is none. */
  const normalize = async (reader: Reader, id: NationalId, pointer: string): Promise<string> => {
    const result = read(id, await configuration.get(reader, rutSetting));
    if ('problem' in result) throw invalid(pointer, result.problem);
    return result.value;
  };
  /** What is stored of an id in its one written form, given how to seal it. */
  const stored = (companyId: string, kind: NationalId['kind'], value: string, sealed: string): StoredNationalId => ({
    nationalIdKind: kind,
    nationalIdSealed: sealed,
    nationalIdHash: hashes(companyId, kind, value)[0]!,
    nationalIdMask: kind === 'RUT' ? maskRut(value) : `*****${value.slice(-3)}`,
  });
  const hashes = (companyId: string, kind: string, value: string): string[] =>
    nationalIdHashes(keys.lookup, companyId, kind, value);
  const holder = (reader: Reader, kind: string, value: string) =>
    profileByNationalId(reader, hashes(reader.companyId, kind, value));
  /**
   * While the key of look-ups is replaced, one process writes hashes under the old key and another under the new one, which
   * no unique index compares: one unit of work of the company at a time writes ids then.
   */
  const alone = async (tx: Tx): Promise<boolean> => {
    const isReplaced = keys.lookup.keys.length > 1;
    if (isReplaced) await serialize(tx, 'national-ids');
    return isReplaced;
  };
  /** Holds the id for profile `profileId`. 409 when another profile of the company has it; one that ended is told apart. */
  const claim = async (tx: Tx, profileId: string, { kind, value }: NationalId, mayName: MayName): Promise<void> => {
    await alone(tx);
    await serialize(tx, `national-id:${hashes(tx.companyId, kind, value)[0]!}`);
    const other = await holder(tx, kind, value);
    if (other === undefined || other.id === profileId) return;
    const hasEnded = other.status === 'ended';
    throw conflict(hasEnded ? 'PROFILE_ENDED' : 'DUPLICATE', {
      errors: [{ pointer: '/nationalId', code: 'DUPLICATE', in: 'body' }],
      ...(hasEnded && (await mayName(other.id)) && { extra: { profileId: other.id } }),
    });
  };
  return {
    /** What to store for profile `profileId`. 409 when another profile of the company has the id. */
    store: async (
      tx: Tx,
      profileId: string,
      id: NationalId | null,
      mayName: MayName = () => Promise.resolve(false),
    ): Promise<StoredNationalId> => {
      if (id === null) return NONE;
      const value = await normalize(tx, id, '/nationalId/value');
      await claim(tx, profileId, { kind: id.kind, value }, mayName);
      return stored(tx.companyId, id.kind, value, await vault.seal(tx, profileId, value));
    },
    /** What to store for a profile that comes back with the id that it had. 409 as `store`. */
    restore: async (
      tx: Tx,
      { id, nationalIdKind: kind, nationalIdSealed: sealed }: ProfileRow,
      mayName: MayName,
    ): Promise<Partial<StoredNationalId>> => {
      const value = sealed === null ? undefined : await vault.open(tx, id, sealed);
      if (value === undefined) return {};
      await claim(tx, id, { kind, value }, mayName);
      return { nationalIdHash: hashes(tx.companyId, kind, value)[0]! };
    },
    /** Holds many ids that nobody had a moment ago. 409 when somebody has one now; what its unique index sees is left to that. */
    holdAll: async (tx: Tx, ids: readonly NationalId[]): Promise<void> => {
      if (!(await alone(tx))) return;
      const held = ids.flatMap(({ kind, value }) => hashes(tx.companyId, kind, value));
      if ((await profileByNationalId(tx, held)) !== undefined) throw conflict('DUPLICATE');
    },
    stored,
    /** The hashes of every id that a text may be, by its form; and whether it is a RUT with its check digit. */
    possible: (companyId: string, written: string): { isRut: boolean; hashes: string[] } => {
      const rut = parseRut(written, ANY_RUT);
      const document = documentOf(written);
      const isDocument = document !== undefined && document.replaceAll(/\D/g, '').length >= LEAST_DIGITS;
      return {
        isRut: rut.ok,
        hashes: [
          ...(rut.ok ? hashes(companyId, 'RUT', rut.rut.value) : []),
          ...(isDocument ? ['PASSPORT', 'OTHER'].flatMap((kind) => hashes(companyId, kind, document)) : []),
        ],
      };
    },
    /** How many ids of one company are read: by its rules, with its hashes. */
    reader: async (reader: Reader) => {
      const options = await configuration.get(reader, rutSetting);
      return {
        read: (kind: NationalId['kind'], value: string) => read({ kind, value }, options),
        hashes: (kind: NationalId['kind'], value: string) => hashes(reader.companyId, kind, value),
      };
    },
    /** The id itself; null when there is none or its key was erased. */
    open: async (reader: Reader, profileId: string, sealed: string | null): Promise<string | null> =>
      sealed === null ? null : ((await vault.open(reader, profileId, sealed)) ?? null),
    /** Whether no profile of the company has the id. 422 when it is none. */
    isFree: async (reader: Reader, id: NationalId): Promise<boolean> =>
      (await holder(reader, id.kind, await normalize(reader, id, '/value'))) === undefined,
  };
};

export type NationalIds = ReturnType<typeof createNationalIds>;
