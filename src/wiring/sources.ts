import type { Logger } from 'pino';
import type { IngestSource } from '../modules/fitness/ingest/ingest.ts';
import { openSource } from '../modules/fitness/sources/connection.ts';
import type { SourceTable } from '../modules/fitness/sources/dialects.ts';
import type { EmbeddedSources } from '../modules/fitness/sources/embedded.ts';
import { readFit2000Mapping, readSaferMapping } from '../modules/fitness/sources/mapping.ts';
import { createSourceReader } from '../modules/fitness/sources/reader.ts';
import { fit2000Rows, saferRows } from '../modules/fitness/sources/rows.ts';
import type { Validator } from '../platform/schema/validator.ts';
import type { Settings } from '../platform/settings/settings.ts';

type SourceSettings = Pick<
  Settings,
  'SAFER_DATABASE_URL' | 'FIT2000_DATABASE_URL' | 'SAFER_MAPPING' | 'FIT2000_MAPPING' | 'SOURCE_TIMEOUT_SECONDS'
> &
  Partial<Pick<Settings, 'APP_ENV'>>;

export interface OpenSources {
  readonly sources: readonly IngestSource[];
  readonly close: () => Promise<void>;
}

/**
 * Opens the two sources by their URLs, those of embedded mode where none is set; one without either is not read. Nothing
 * connects before the first read. In production nothing is read through a user that could write: a source that was away
 * when the process started was not asked for its rights then. Throws an Error that names what is wrong in a mapping.
 */
export const openSources = (
  settings: SourceSettings,
  embedded: EmbeddedSources | undefined,
  log: Logger,
  validator: Pick<Validator, 'compile'>,
): OpenSources => {
  const readerOf = (url: string, source: string, mapping: SourceTable) => {
    const connection = openSource({
      url,
      timeout: settings.SOURCE_TIMEOUT_SECONDS * 1_000,
      onError: (error) => log.warn({ err: error, source }, 'a connection to a source broke'),
    });
    return createSourceReader(connection, mapping, { mustOnlyRead: settings.APP_ENV === 'production' });
  };
  const sources: IngestSource[] = [];
  const safer = settings.SAFER_DATABASE_URL ?? embedded?.safer.readUrl;
  if (safer !== undefined) {
    const mapping = readSaferMapping(settings.SAFER_MAPPING, validator);
    const reader = readerOf(safer, 'SAFER', mapping);
    sources.push({ source: 'SAFER', reader, read: saferRows(mapping), overlap: mapping.overlap });
  }
  const fit2000 = settings.FIT2000_DATABASE_URL ?? embedded?.fit2000.readUrl;
  if (fit2000 !== undefined) {
    const mapping = readFit2000Mapping(settings.FIT2000_MAPPING, validator);
    const reader = readerOf(fit2000, 'FIT2000', mapping);
    sources.push({ source: 'FIT2000', reader, read: fit2000Rows(mapping), overlap: mapping.overlap });
  }
  return {
    sources,
    close: async () => {
      await Promise.all(sources.map(({ reader }) => reader.close()));
    },
  };
};
