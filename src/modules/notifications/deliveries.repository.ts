import Type from 'typebox';
import type { Static } from 'typebox';
import { entity, exact, instant, integer, line, listOf, nullable, oneOf, uuid } from '../../platform/module.ts';
import type { Reader, RowOf } from '../../platform/module.ts';
import { SKIP_REASONS } from './delivery-choice.ts';
import type { Wishes } from './delivery-choice.ts';
import { CHANNELS } from './notice.ts';
import type { NoticeText, NoticeType, Priority } from './notice.ts';

const WebhookEventSchema = exact({
  type: Type.String(),
  at: instant(),
  link: nullable(Type.String()),
  params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});
/** What an endpoint is told: no name, no health value, no secret. */
export type WebhookEvent = Static<typeof WebhookEventSchema>;

/** A mail or SMS to a person, or a call of an endpoint. */
export const Delivery = entity({
  table: 'delivery',
  fields: {
    notificationId: nullable(uuid()),
    profileId: nullable(uuid()),
    endpointId: nullable(uuid({ description: 'Of a webhook' })),
    channel: oneOf([...CHANNELS, 'webhook']),
    status: oneOf(['pending', 'sending', 'sent', 'failed', 'retrying', 'dead', 'skipped']),
    attempts: integer(0, 1_000),
    nextRetryAt: nullable(instant()),
    sentAt: nullable(instant()),
    providerId: nullable(line(300, { description: 'What the carrier calls the message' })),
    error: nullable(line(500, { description: 'Why the last try failed; names nobody' })),
    skippedBecause: nullable(oneOf(SKIP_REASONS)),
  },
  hidden: { event: nullable(WebhookEventSchema) },
  create: [],
  edit: [],
});
export type DeliveryRow = RowOf<typeof Delivery>;

/** A delivery of which nothing is known but that it is to go. */
export const UNSENT = {
  notificationId: null,
  profileId: null,
  endpointId: null,
  event: null,
  status: 'pending',
  attempts: 0,
  nextRetryAt: null,
  sentAt: null,
  providerId: null,
  error: null,
  skippedBecause: null,
} as const;

export const deliveryList = listOf(Delivery, {
  sorts: ['-createdAt'],
  filters: ['status', 'profileId', 'notificationId', 'endpointId'],
  coarse: { channel: 'some channels, all of them common' },
});

/** Where and how a profile wants to be told. */
export interface Recipient {
  readonly profileId: string;
  readonly personId: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly timezone: string;
  /** The company's; the person's own comes before it. */
  readonly locale: string;
  readonly wishes: Wishes | null;
}

const RECIPIENT = `p.id as "profileId", p.person_id as "personId", p.contact_email as email, p.contact_phone as phone,
  coalesce(s.timezone, c.timezone) as timezone, c.locale,
  case when w.id is null then null else json_build_object('modes', w.modes, 'quietHours', w.quiet_hours,
    'muteUntil', to_char(w.mute_until, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end as wishes`;
const RECIPIENT_TABLES = `join company c on c.id = $1
  left join site s on s.company_id = $1 and s.id = p.site_id
  left join notification_preference w on w.company_id = $1 and w.profile_id = p.id and w.deleted_at is null`;

/** Recipients among `profileIds`, ascending. */
export const recipientsAmong = (reader: Reader, profileIds: readonly string[]): Promise<Recipient[]> =>
  reader.prepared<Recipient>(
    `select ${RECIPIENT} from profile p ${RECIPIENT_TABLES}
     where p.company_id = $1 and p.id = any($2::uuid[]) order by p.id`,
    [reader.companyId, profileIds],
  );

/** A delivery's notification with its recipient. */
export interface Addressed extends Recipient {
  readonly type: NoticeType;
  readonly text: NoticeText;
  readonly priority: Priority;
  readonly params: Readonly<Record<string, string | number>>;
  readonly link: string | null;
  readonly readAt: string | null;
}

export const addressedOf = async (reader: Reader, notificationId: string): Promise<Addressed> => {
  const [row] = await reader.prepared<Addressed>(
    `select n.type, n.text, n.priority, n.params, n.link, n.read_at as "readAt", ${RECIPIENT}
     from notification n join profile p on p.company_id = $1 and p.id = n.profile_id ${RECIPIENT_TABLES}
     where n.company_id = $1 and n.id = $2`,
    [reader.companyId, notificationId],
  );
  return row!;
};

/** The language a person chose; asked in the operator's company, where persons are. */
export const localeOf = async (reader: Reader, personId: string): Promise<string | undefined> => {
  const [row] = await reader.prepared<{ locale: string }>('select locale from person where id = $1', [personId]);
  return row?.locale;
};
