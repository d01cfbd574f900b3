import { bulkhead } from 'cockatiel';
import type pg from 'pg';
import { Problem } from '../problem.ts';
import { startLoop } from '../process/loop.ts';
import type { EventSource, StreamEvent, StreamSession } from './events.ts';
import { eventText, Stream } from './sse.ts';
import type { StreamRequest } from './sse.ts';

export interface HubOptions {
  /**
   * A pool of user `system`, for one question here: how far each listened company is sealed. One statement asks it for
   * all companies, which user `app` could not; events themselves are read as `app`, under row level security.
   */
  readonly system: pg.Pool;
  readonly source: EventSource;
  readonly onError: (error: unknown, companyId?: string) => void;
  /** Milliseconds; default 100. */
  readonly pollEvery?: number;
  /** Milliseconds; default 15 s. */
  readonly heartbeatEvery?: number;
  /** Milliseconds between questions whether a session may still listen; default 2 s. */
  readonly checkEvery?: number;
  /** Milliseconds without reading after which a client is dropped; default 15 s. */
  readonly slowAfter?: number;
}

/** The live streams of one process. */
export interface Hub {
  /** Opens a stream. Throws 429 TOO_MANY_STREAMS, 503 while stopping or without database; the headers are not sent then. */
  openStream(request: StreamRequest): Promise<void>;
  /** This process has given changes their numbers: looks for them now. */
  nudge(): void;
  /** How many streams are open. */
  count(): number;
  /** Tells every client when to come back, and ends all streams. */
  stop(): Promise<void>;
}

interface Company {
  readonly id: string;
  /** Live streams have got everything up to here. Undefined until the first stream has begun. */
  cursor: number | undefined;
  /** Streams of each profile that has any. */
  readonly streams: Map<string, readonly Stream[]>;
}

const MOST_STREAMS = 5;
/** Numbers read at once for the live streams of a company, and for one stream that is behind. */
const LIVE_WINDOW = 200;
const CATCH_UP_WINDOW = 1_000;
const COMPANIES_AT_ONCE = 4;
const CATCH_UPS_AT_ONCE = 4;
const CHECKS_AT_ONCE = 4;
/**
 * Sessions are asked for in turns, each once a round: all at once would hold up PostgreSQL, and with it everybody's requests.
 * So do heartbeats come, which would hold up this process.
 */
const TURNS = 20;
/** Streams whose sessions are asked for in one statement. */
const CHECKED_TOGETHER = 1_000;
/** Streams that are written to without a break: whoever asks for a page meanwhile does not wait for thousands of them. */
const WRITTEN_TOGETHER = 25;
const RETRY_WITHIN = 4_000;
const HEADS = 'select company_id, seq from change_head where company_id = any($1::uuid[])';

/** Does so once what has arrived meanwhile is read: a process that stood still for a moment has its answers, and not looked at them. */
const afterAnswers =
  <Args extends readonly unknown[]>(run: (...args: Args) => void) =>
  (...args: Args): void =>
    void setImmediate(() => run(...args));

const others = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Streams of one session have their turn together. */
const turnOf = ({ session }: Stream): number => Number.parseInt(session.id.slice(-4), 16) % TURNS;

const isStopping = (): Problem => new Problem(503, 'STOPPING', { retryAfter: 2 });

/** Starts the hub of this process. */
export const startHub = ({
  system,
  source,
  onError,
  pollEvery = 100,
  heartbeatEvery = 15_000,
  checkEvery = 2_000,
  slowAfter = 15_000,
}: HubOptions): Hub => {
  const companies = new Map<string, Company>();
  const companyLimit = bulkhead(COMPANIES_AT_ONCE, Infinity);
  const catchUpLimit = bulkhead(CATCH_UPS_AT_ONCE, Infinity);
  const checkLimit = bulkhead(CHECKS_AT_ONCE, Infinity);
  const stopping = new AbortController();

  const turns = Array.from({ length: TURNS }, () => new Set<Stream>());

  const remember = (company: Company, stream: Stream): void => {
    companies.set(company.id, company);
    company.streams.set(stream.profileId, [...(company.streams.get(stream.profileId) ?? []), stream]);
    turns[turnOf(stream)]!.add(stream);
  };

  const forget = (company: Company, stream: Stream): void => {
    stream.isClosed = true;
    stream.isLive = false;
    turns[turnOf(stream)]!.delete(stream);
    const left = company.streams.get(stream.profileId)?.filter((other) => other !== stream) ?? [];
    if (left.length > 0) company.streams.set(stream.profileId, left);
    else company.streams.delete(stream.profileId);
    if (company.streams.size === 0 && companies.get(company.id) === company) companies.delete(company.id);
  };

  const close = (stream: Stream, retryWithin?: number): void => {
    const company = companies.get(stream.companyId);
    if (stream.isClosed || company === undefined) return;
    forget(company, stream);
    stream.end(retryWithin);
  };

  /** Sends what the table has for the stream's profile up to number `to`. */
  const sendWindow = async (company: Company, stream: Stream, to: number): Promise<void> => {
    const events = await catchUpLimit.execute(() =>
      source.between(company.id, stream.position, to, [stream.profileId]),
    );
    for (const event of events) {
      if (stream.isClosed || stream.blockedAt !== undefined) return;
      stream.send(event.seq, eventText(event));
    }
    stream.position = to;
  };

  /** Catches the stream up until it stands where the live ones do and joins them, or its client stops reading. */
  const resume = async (company: Company, stream: Stream): Promise<void> => {
    if (stream.isCatchingUp) return;
    stream.isCatchingUp = true;
    try {
      while (!stream.isClosed && stream.blockedAt === undefined) {
        // Between this comparison and joining nothing may be awaited: the cursor would move on without the stream.
        const to = company.cursor ?? 0;
        if (stream.position >= to) {
          stream.isLive = true;
          return;
        }
        await sendWindow(company, stream, Math.min(stream.position + CATCH_UP_WINDOW, to));
      }
    } catch (error) {
      onError(error, company.id);
      close(stream, RETRY_WITHIN);
    } finally {
      stream.isCatchingUp = false;
    }
  };

  /** Gives the window's events to the live streams that were asked for; those that joined meanwhile are caught up. */
  const dispatch = async (
    company: Company,
    to: number,
    events: readonly StreamEvent[],
    asked: ReadonlySet<string>,
  ): Promise<void> => {
    company.cursor = to;
    for (const [profileId, streams] of company.streams) {
      if (asked.has(profileId)) continue;
      for (const stream of streams) {
        if (!stream.isLive) continue;
        stream.isLive = false;
        void resume(company, stream);
      }
    }
    // From here on others run in between: one that is caught up meanwhile has got what is left of this, and its position says so.
    let written = 0;
    for (const event of events) {
      const text = eventText(event);
      for (const profileId of event.profileIds)
        for (const stream of company.streams.get(profileId) ?? []) {
          if (!stream.isLive || event.seq <= stream.position) continue;
          stream.send(event.seq, text);
          written += 1;
          if (written % WRITTEN_TOGETHER === 0) await others();
        }
    }
    for (const streams of company.streams.values())
      for (const stream of streams) if (stream.isLive && stream.position < to) stream.position = to;
  };

  const advance = async (company: Company, head: number): Promise<void> => {
    while (company.cursor !== undefined && company.cursor < head && company.streams.size > 0) {
      const to = Math.min(company.cursor + LIVE_WINDOW, head);
      const asked = new Set<string>();
      for (const [profileId, streams] of company.streams)
        if (streams.some(({ isLive }) => isLive)) asked.add(profileId);
      const events = asked.size === 0 ? [] : await source.between(company.id, company.cursor, to, [...asked]);
      await dispatch(company, to, events, asked);
    }
  };

  const poll = async (): Promise<void> => {
    if (companies.size === 0) return;
    const { rows } = await system.query<{ company_id: string; seq: number }>(HEADS, [[...companies.keys()]]);
    await Promise.all(
      rows.map(async ({ company_id, seq }) => {
        const company = companies.get(company_id);
        if (company === undefined) return;
        await companyLimit.execute(() => advance(company, seq)).catch((error: unknown) => onError(error, company_id));
      }),
    );
  };

  /** Which of the sessions may still listen; none of those of which it is not known before the next round. */
  const holding = async (companyId: string, sessions: readonly StreamSession[]): Promise<readonly boolean[]> => {
    const late = Promise.withResolvers<readonly boolean[]>();
    const timer = setTimeout(afterAnswers(late.resolve), checkEvery, []);
    try {
      return await Promise.race([source.holding(companyId, sessions), late.promise]);
    } catch (error) {
      onError(error, companyId);
      return [];
    } finally {
      clearTimeout(timer);
    }
  };

  /** Closes those streams whose session may no longer listen. */
  const check = async (companyId: string, streams: readonly Stream[]): Promise<void> => {
    const sessions = new Map(streams.map(({ session }) => [`${session.id} ${session.epoch}`, session]));
    for (const stream of streams) stream.isChecking = true;
    const holds = await checkLimit.execute(() => holding(companyId, [...sessions.values()]));
    const held = new Set([...sessions.keys()].filter((_, index) => holds[index] === true));
    for (const stream of streams) {
      stream.isChecking = false;
      if (!held.has(`${stream.session.id} ${stream.session.epoch}`))
        close(stream, holds.length === 0 ? RETRY_WITHIN : undefined);
    }
  };

  let turn = 0;
  const checkNext = (): void => {
    turn = (turn + 1) % TURNS;
    const asked: Stream[] = [];
    for (const stream of turns[turn]!) {
      if (!stream.hasBegun) continue;
      const isSlow = stream.blockedAt !== undefined && performance.now() - stream.blockedAt > slowAfter;
      if (isSlow || stream.isChecking) close(stream);
      else asked.push(stream);
    }
    for (const [companyId, streams] of Map.groupBy(asked, (stream) => stream.companyId))
      for (let at = 0; at < streams.length; at += CHECKED_TOGETHER)
        void check(companyId, streams.slice(at, at + CHECKED_TOGETHER));
  };

  let beaten = 0;
  const beatNext = (): void => {
    beaten = (beaten + 1) % TURNS;
    for (const stream of turns[beaten]!) if (stream.hasBegun && stream.blockedAt === undefined) stream.beat();
  };

  const loop = startLoop({ look: poll, least: pollEvery, onError, longest: 5_000 });
  const timers = [
    setInterval(afterAnswers(checkNext), checkEvery / TURNS),
    setInterval(beatNext, heartbeatEvery / TURNS),
  ];

  /** The company of a stream that may be opened. */
  const companyOf = ({ companyId, profileId }: StreamRequest): Company => {
    if (stopping.signal.aborted) throw isStopping();
    const company: Company = companies.get(companyId) ?? { id: companyId, cursor: undefined, streams: new Map() };
    if ((company.streams.get(profileId)?.length ?? 0) >= MOST_STREAMS)
      throw new Problem(429, 'TOO_MANY_STREAMS', { params: { most: MOST_STREAMS } });
    return company;
  };

  return {
    openStream: async (request) => {
      const { response } = request;
      if (response.closed) return;
      const company = companyOf(request);
      const stream = new Stream(request, (one) => void resume(company, one));
      remember(company, stream);
      response.once('close', () => forget(company, stream));
      try {
        const { head, position, resync } = await source.start(company.id, request.lastEventId);
        if (stopping.signal.aborted) throw isStopping();
        if (stream.isClosed) return;
        company.cursor ??= head;
        stream.begin(position, resync);
      } catch (error) {
        forget(company, stream);
        throw error;
      }
      void resume(company, stream);
    },
    nudge: () => loop.nudge(),
    count: () => turns.reduce((sum, streams) => sum + streams.size, 0),
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      await loop.stop();
      for (const streams of turns) for (const stream of streams) if (stream.hasBegun) close(stream, RETRY_WITHIN);
    },
  };
};
