import type pg from 'pg';
import type { Cores } from './cores.ts';
import type { PageTimes } from './pages.ts';

/** A database that is full, and the company with the most in it. */
export interface Place {
  readonly database: string;
  /** Past row level security. */
  readonly superuserUrl: string;
  readonly client: pg.Client;
  readonly companyId: string;
  /** One of middle size. */
  readonly medianId: string;
  /** What pages took when there were fewer tests, in the large run. */
  readonly before?: { readonly tests: number; readonly times: PageTimes };
  /** Of servers and of who asks them, where each can have its own. */
  readonly cores: Cores | undefined;
  /** Seconds of load a round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Live streams that are held open at once. */
  readonly streams: number;
  /** Results that are read in from a source. */
  readonly results: number;
  /** People of a file that is uploaded. */
  readonly uploaded: number;
  /** Whether it was asked for the large run. */
  readonly full: boolean;
}
