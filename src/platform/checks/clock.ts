import { Fault } from './check.ts';
import type { Figures } from './check.ts';

/** Seconds that clocks may differ: what tokens, time limits and slots bear. */
const MOST = 5;

/**
 * Compares this machine's clock with another's. `read` answers the other's time and how far it may be off by itself, in
 * seconds; the time that the question took counts as uncertainty too.
 */
export const checkClock = async (
  whose: string,
  now: () => Date,
  read: () => Promise<{ readonly at: Date; readonly resolution: number }>,
): Promise<Figures> => {
  const before = now().getTime();
  const { at, resolution } = await read();
  if (Number.isNaN(at.getTime())) throw new Error(`${whose} tells no time`);
  const after = now().getTime();
  const skew = ((before + after) / 2 - at.getTime()) / 1_000;
  const doubt = (after - before) / 2_000 + resolution;
  if (Math.abs(skew) - doubt > MOST)
    throw new Fault(
      `this clock is ${Math.round(Math.abs(skew))} s ${skew > 0 ? 'ahead of' : 'behind'} that of ${whose}`,
      'synchronize both machines with NTP',
    );
  return { skewSeconds: Math.round(skew * 1_000) / 1_000 };
};

/** A time that was cut to whole seconds is on average half a second old. */
const fromSeconds = (milliseconds: number) => ({ at: new Date(milliseconds + 500), resolution: 0.5 });

/**
 * The time of an identity provider: as it, or the gateway before it, writes it on its answers (RFC 9110, 6.6.1), else as it
 * writes it into a token that is made now.
 */
export const timeOfProvider = async (
  url: string,
  issuedAt: () => Promise<number>,
): Promise<{ at: Date; resolution: number }> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'manual' });
  await response.body?.cancel();
  const written = Date.parse(response.headers.get('date') ?? '');
  return fromSeconds(Number.isNaN(written) ? (await issuedAt()) * 1_000 : written);
};
