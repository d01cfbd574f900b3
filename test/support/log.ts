import { pino } from 'pino';
import type { Logger } from 'pino';

const file = process.env['ANGELIS_TEST_LOG'];

/** Requests that failed for no reason that their caller could know go to the file `ANGELIS_TEST_LOG`, if any; nothing else is logged. */
export const quietLog = (): Logger =>
  file === undefined
    ? pino({ level: 'silent' })
    : pino({ level: 'error' }, pino.destination({ dest: file, append: true, sync: true }));
