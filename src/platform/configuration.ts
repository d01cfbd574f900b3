import type { Static, TSchema } from 'typebox';
import type { Reader } from './db/database.ts';

/** A typed piece of company configuration with its default; kept under `key`, changed through appconfig. */
export interface Setting<T> {
  /** `area.topic`, camelCase, unique among all modules. */
  readonly key: string;
  /** Schema of the value; null is no value. */
  readonly schema: TSchema;
  readonly default: T;
  /** Whether the frontends may read it before anybody signed in. */
  readonly public?: boolean;
}

/** Declares a setting; its default and every read are typed by its schema. */
export const setting = <S extends TSchema>(
  definition: Setting<Static<S>> & { readonly schema: S },
): Setting<Static<S>> => definition;

/** What modules read of their company's configuration. */
export interface Configuration {
  /** The company's value, or the default: as it is in this transaction. */
  get<T>(reader: Reader, wanted: Setting<T>): Promise<T>;
}
