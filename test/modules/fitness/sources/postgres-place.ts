import pg from 'pg';
import { createTestSources } from '../../../support/sources.ts';
import { superuserUrl } from '../../../support/template.ts';
import type { SourceKind, SourcePlace } from './place.ts';

const READER = `datname = $1 and usename = 'source_reader'`;

/** A source as a database of the test server, as in embedded mode. */
export const openPostgresPlace = async ({ source, mapping }: SourceKind): Promise<SourcePlace> => {
  const key = source === 'SAFER' ? 'safer' : 'fit2000';
  const sources = await createTestSources();
  const { readUrl, writeUrl } = sources.urls[key];
  const database = sources.names[key];
  const root = new pg.Client({ connectionString: superuserUrl(database) });
  await root.connect();
  const [name = '', schema = 'public'] = mapping.table.split('.').toReversed();
  const table = `"${schema}"."${name}"`;
  const count = async (condition: string): Promise<number> => {
    const { rows } = await root.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where ${READER} and ${condition}`,
      [database],
    );
    return rows[0]?.n ?? 0;
  };
  return {
    readUrl,
    writeUrl,
    mapping,
    add: async (rows) => {
      await root.query(`insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows),
      ]);
    },
    hide: async (hidden) => {
      await root.query(
        hidden ? `alter table ${table} rename to hidden` : `alter table "${schema}".hidden rename to "${name}"`,
      );
    },
    hold: async () => {
      await root.query('begin');
      await root.query(`lock table ${table} in access exclusive mode`);
      return async () => {
        await root.query('rollback');
      };
    },
    waiting: () => count(`wait_event_type = 'Lock'`),
    connections: () => count('true'),
    cut: async () => {
      await root.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${READER}`, [database]);
    },
    close: async () => {
      await root.end();
      await sources.drop();
    },
  };
};
