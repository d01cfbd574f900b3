/** Hands items to a service outside, in the background; never throws and never grows without bound. */
export interface Sender<Item> {
  /** Takes an item, or drops it when too many wait. */
  offer(item: Item): void;
  /** Sends what waits; resolves when it is sent or dropped. */
  flush(): Promise<void>;
}

export interface SenderOptions<Item> {
  /** Sends some items at once. Throws `TooBusy` when the service asks for a pause. */
  readonly deliver: (items: readonly Item[]) => Promise<void>;
  /** Most items that wait; more are dropped. */
  readonly most: number;
  /** Most items of one delivery. */
  readonly batch: number;
  /** Milliseconds for which items are gathered. Default 0. */
  readonly gather?: number;
  /** Told once each time deliveries begin to fail, with how many items were dropped so far. */
  readonly onTrouble: (error: unknown, dropped: number) => void;
}

/** The service asks not to be sent anything for a while. */
class TooBusy extends Error {
  override readonly name = 'TooBusy';
  readonly seconds: number;

  constructor(status: number, seconds: number) {
    super(`it answers ${status} and asks for ${seconds} s`);
    this.seconds = seconds;
  }
}

const TIMEOUT = 5_000;
const PAUSE_SECONDS = 30;

/** Posts a body. Throws when it is not taken: `TooBusy` for 429 and 503, with the pause that the service names. */
export const post = async (url: string, headers: Readonly<Record<string, string>>, body: string): Promise<void> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  });
  await response.body?.cancel();
  if (response.ok) return;
  const { status } = response;
  const seconds = Number(response.headers.get('retry-after') ?? PAUSE_SECONDS);
  if (status === 429 || status === 503)
    throw new TooBusy(status, Number.isFinite(seconds) && seconds >= 0 ? seconds : PAUSE_SECONDS);
  throw new Error(`it answers ${status}`);
};

/** Makes a sender. What cannot be delivered is dropped: nothing is tried twice. */
export const createSender = <Item>(options: SenderOptions<Item>): Sender<Item> => {
  const { deliver, most, batch, gather = 0, onTrouble } = options;
  const waiting: Item[] = [];
  let dropped = 0;
  let isTroubled = false;
  let quietUntil = 0;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const deliverSome = async (items: readonly Item[]): Promise<void> => {
    try {
      await deliver(items);
      isTroubled = false;
    } catch (error) {
      dropped += items.length;
      if (error instanceof TooBusy) quietUntil = performance.now() + error.seconds * 1_000;
      if (!isTroubled) onTrouble(error, dropped);
      isTroubled = true;
    }
  };
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const items = waiting.splice(0, batch);
      if (performance.now() < quietUntil) dropped += items.length;
      else await deliverSome(items);
    }
    running = undefined;
  };
  const begin = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    return (running ??= run());
  };
  return {
    offer: (item) => {
      if (waiting.length >= most) {
        dropped += 1;
        return;
      }
      waiting.push(item);
      if (gather === 0) void begin();
      else timer ??= setTimeout(() => void begin(), gather).unref();
    },
    flush: begin,
  };
};
