import type { TurnsAt } from './devices.ts';
import type { DemoPerson } from './plan.ts';
import { createRandom } from './random.ts';
import { startRounds } from './rounds.ts';
import type { Rounds, RoundsOptions } from './rounds.ts';
import type { DemoShift } from './work.ts';

const MINUTE = 60_000;

/** When somebody says that their shift begins: from nine minutes before to four after, each time another. */
const arrival = ({ number }: DemoPerson, { date, startsAt }: DemoShift): number =>
  startsAt.getTime() + createRandom(`angelis/arrival/${number}/${date}`).between(-9, 4) * MINUTE;

/** Who arrives at their shift after `from` until `to`. */
export const arrivals = (turnsAt: TurnsAt, from: Date, to: Date): { person: DemoPerson; companyCode: string }[] =>
  turnsAt(to).flatMap(({ assignment: { person }, shift, companyCode }) => {
    const at = arrival(person, shift);
    return shift.kind !== 'travel' && at > from.getTime() && at <= to.getTime() ? [{ person, companyCode }] : [];
  });

export interface ShiftStarter {
  /** Where the API answers, `/angelis` included. */
  readonly url: string;
  /** An access token of the person, on the worker client. */
  readonly tokenOf: (person: Pick<DemoPerson, 'keycloakId'>) => Promise<string>;
  readonly now: () => Date;
}

export type Start = 'started' | 'refused' | 'none';

/**
 * Starts somebody's shift that is at hand, as their app would: reads their next planned one and moves it. `refused`: the gate said no, which
 * the API has written down; `none`: nothing is planned within the hour. Throws for any other answer.
 */
export const startShift = async (
  { url, tokenOf, now }: ShiftStarter,
  person: Pick<DemoPerson, 'keycloakId' | 'profileId'>,
  companyCode: string,
): Promise<Start> => {
  const headers = { authorization: `Bearer ${await tokenOf(person)}`, 'x-company-slug': companyCode };
  const base = `${url}/admin/assignment/shift`;
  const query = new URLSearchParams({ profileId: person.profileId, status: 'planned', sort: 'startsAt', limit: '1' });
  const found = await fetch(`${base}?${query.toString()}`, { headers });
  if (!found.ok) throw new Error(`the shifts of ${person.profileId} could not be read: ${found.status}`);
  const { items } = (await found.json()) as { items: { id: string; startsAt: string; version: number }[] };
  const [next] = items;
  if (next === undefined || Math.abs(Date.parse(next.startsAt) - now().getTime()) > 60 * MINUTE) return 'none';
  const started = await fetch(`${base}/${next.id}/start`, {
    method: 'POST',
    headers: { ...headers, 'if-match': `"${next.version}"` },
  });
  if (!started.ok && started.status !== 409)
    throw new Error(`shift ${next.id} could not be started: ${started.status}`);
  return started.ok ? 'started' : 'refused';
};

/** People of the demo who start their shifts through the API, each when they arrive, until they are stopped. */
export const startWorkers = (turnsAt: TurnsAt, starter: ShiftStarter, since: Date, options: RoundsOptions): Rounds => {
  const look = async (from: Date, to: Date): Promise<void> => {
    for (const { person, companyCode } of arrivals(turnsAt, from, to)) await startShift(starter, person, companyCode);
  };
  return startRounds(look, since, options);
};
