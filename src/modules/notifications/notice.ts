import type { Tx } from '../../platform/db/database.ts';

export const CHANNELS = ['email', 'sms'] as const;
/** Ways to reach somebody beside the list in the application. */
export type Channel = (typeof CHANNELS)[number];

export const PRIORITIES = ['normal', 'high', 'safety'] as const;
/** `safety` ignores mute, quiet hours and what was switched off. */
export type Priority = (typeof PRIORITIES)[number];

interface NoticeKind {
  readonly priority: Priority;
  /** Channels that are used unless the recipient switched them off. */
  readonly channels: readonly Channel[];
  /** Names of its texts in locales/<language>/notifications.json. */
  readonly texts: readonly string[];
}

/** What people are told of. A test that nobody took weighs as much as one that went badly: both are alerts. */
export const NOTICE_TYPES = {
  test_alert: { priority: 'safety', channels: ['email', 'sms'], texts: ['test_alert', 'test_alert_late'] },
  test_missed: { priority: 'safety', channels: ['email', 'sms'], texts: ['test_missed'] },
  case_escalation: { priority: 'safety', channels: ['email', 'sms'], texts: ['case_escalation'] },
  case_recheck: { priority: 'safety', channels: ['email', 'sms'], texts: ['case_recheck'] },
  license_expiry: { priority: 'normal', channels: ['email'], texts: ['credential_expiring'] },
  device_calibration: { priority: 'normal', channels: ['email'], texts: ['device_calibration'] },
  export_ready: { priority: 'normal', channels: ['email'], texts: ['export_ready'] },
  information: {
    priority: 'normal',
    channels: ['email'],
    texts: [
      'export_failed',
      'export_refused',
      'export_too_large',
      'domain_failing',
      'domain_lapsed',
      'limit_users_80',
      'limit_users_100',
      'limit_workers_80',
      'limit_workers_100',
      'limit_residents_80',
      'limit_residents_100',
      'limit_storage_80',
      'limit_storage_100',
      'limit_api_80',
      'limit_api_100',
      'feature_quota',
      'feature_quota_company',
    ],
  },
} as const satisfies Record<string, NoticeKind>;

export type NoticeType = keyof typeof NOTICE_TYPES;
export const NOTICE_TYPE_NAMES = Object.keys(NOTICE_TYPES) as [NoticeType, ...NoticeType[]];
export type NoticeText = (typeof NOTICE_TYPES)[NoticeType]['texts'][number];

/** Something that people are told, in the transaction of what happened. */
export interface Notice {
  readonly type: NoticeType;
  /** Default: the first text of its type. */
  readonly text?: NoticeText;
  /** Profiles; those who left or never came are passed over. */
  readonly recipients: readonly string[];
  /** Codes, days and counts for the texts: never a name, a health value or a secret. */
  readonly subjectParams?: Readonly<Record<string, string | number>>;
  /** Path of what it is about, in the API and below the frontend's address: `/fitness/cases/…`. */
  readonly link?: string;
  /** Default: that of its type. */
  readonly priority?: Priority;
  /** What is told once: a second notice with the same key reaches nobody again within the window. */
  readonly dedupeKey: string;
  /** Default: those of its type. */
  readonly channels?: readonly Channel[];
}

/** Tells people; created with the event, in its transaction, so that it is told exactly when that commits. */
export interface Notices {
  notify(tx: Tx, notice: Notice): Promise<void>;
}
