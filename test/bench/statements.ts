import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Begins each line of the log that PostgreSQL starts anew: whose it is. */
const PREFIX = 'bench %p ';
const ENTRY = /^bench (\d+) LOG: {2}duration: ([\d.]+) ms(?: {2}(parse|bind|execute|statement)(?: \S+)?: ([\s\S]+))?$/u;

/** Texts that differ by their literals only are one statement. */
const plain = (text: string): string =>
  text
    .replaceAll(/'[^']*'/g, '?')
    .replaceAll(/\s+/g, ' ')
    .trim();

/**
 * Milliseconds that statements took in PostgreSQL, by their text, from its log: of one that is prepared, its parsing, planning
 * and running together.
 */
const readDurations = (log: string): ReadonlyMap<string, readonly number[]> => {
  const times = new Map<string, number[]>();
  /** Of each process: what it spent on what it has not run yet. */
  const under = new Map<string, number>();
  for (const line of log.split(/\n(?!\t)/u)) {
    const [, process, duration, step, text] = ENTRY.exec(line) ?? [];
    if (process === undefined || step === undefined) continue;
    const spent = (under.get(process) ?? 0) + Number(duration);
    if (step === 'parse' || step === 'bind') under.set(process, spent);
    else {
      under.delete(process);
      const name = plain(text!);
      times.set(name, [...(times.get(name) ?? []), spent]);
    }
  }
  return times;
};

/**
 * Runs `work` while PostgreSQL itself tells what statements take, in `part` of all transactions. `client` is a superuser of
 * the embedded server, which logs beside its data.
 */
export const sampleStatements = async (
  client: pg.Client,
  part: number,
  work: () => Promise<void>,
): Promise<ReadonlyMap<string, readonly number[]>> => {
  const { rows } = await client.query<{ data_directory: string }>('show data_directory');
  const file = await open(join(dirname(rows[0]!.data_directory), 'server.log'), 'r');
  const settings = {
    log_transaction_sample_rate: String(part),
    log_line_prefix: `'${PREFIX}'`,
    log_parameter_max_length: '0',
  };
  const apply = async (): Promise<void> => {
    await client.query('select pg_reload_conf()');
    // Every process hears of it before its next statement.
    await sleep(500);
  };
  try {
    const { size } = await file.stat();
    for (const [name, value] of Object.entries(settings)) await client.query(`alter system set ${name} = ${value}`);
    await apply();
    try {
      await work();
    } finally {
      for (const name of Object.keys(settings)) await client.query(`alter system reset ${name}`);
      await apply();
    }
    const { size: end } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - size), 0, end - size, size);
    return readDurations(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
};
