import { addDays, toInstant, toLocal } from '../../platform/time/zone.ts';
import type { Channel, NoticeType, Priority } from './notice.ts';

export const SKIP_REASONS = ['no_address', 'read', 'muted', 'off'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Local times of day, `HH:MM`; `from` after `to` spans midnight. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
}

/** One choice of a person; what has none is sent. */
export interface ChannelMode {
  readonly type: NoticeType;
  readonly channel: Channel;
  readonly mode: 'realtime' | 'off';
}

/** How somebody wants to be told. */
export interface Wishes {
  readonly modes: readonly ChannelMode[];
  readonly muteUntil: string | null;
  readonly quietHours: QuietHours | null;
}

export const NO_WISHES: Wishes = { modes: [], muteUntil: null, quietHours: null };

export interface DeliveryFacts {
  readonly type: NoticeType;
  readonly channel: Channel;
  readonly priority: Priority;
  readonly hasAddress: boolean;
  readonly readAt: string | null;
  readonly wishes: Wishes;
  /** IANA zone of the recipient's site, else the company's. */
  readonly timezone: string;
}

export type Choice =
  | { readonly do: 'send' }
  | { readonly do: 'wait'; readonly until: Date }
  | { readonly do: 'skip'; readonly because: SkipReason };

/** The end of the quiet hours in which `now` lies; undefined outside of them. */
const endOfQuiet = ({ from, to }: QuietHours, now: Date, zone: string): Date | undefined => {
  const { date, time } = toLocal(now, zone);
  const at = time.slice(0, 5);
  if (from < to) return at >= from && at < to ? toInstant(date, to, zone) : undefined;
  if (at >= from) return toInstant(addDays(date, 1), to, zone);
  return at < to ? toInstant(date, to, zone) : undefined;
};

/** Whether a message goes out now, later or not at all. A safety alert goes out whatever its recipient wished. */
export const chooseDelivery = (facts: DeliveryFacts, now: Date): Choice => {
  const { wishes, type, channel } = facts;
  if (!facts.hasAddress) return { do: 'skip', because: 'no_address' };
  if (facts.priority === 'safety') return { do: 'send' };
  if (facts.readAt !== null) return { do: 'skip', because: 'read' };
  const chosen = wishes.modes.find((choice) => choice.type === type && choice.channel === channel);
  if (chosen?.mode === 'off') return { do: 'skip', because: 'off' };
  if (wishes.muteUntil !== null && Date.parse(wishes.muteUntil) > now.getTime())
    return { do: 'skip', because: 'muted' };
  const until = wishes.quietHours === null ? undefined : endOfQuiet(wishes.quietHours, now, facts.timezone);
  return until === undefined ? { do: 'send' } : { do: 'wait', until };
};
