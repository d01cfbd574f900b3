import Type from 'typebox';
import { entity, exact, instant, integer, nullable, oneOf, uuid } from '../../platform/module.ts';
import type { Reader, RowOf } from '../../platform/module.ts';
import { CHANNELS, NOTICE_TYPE_NAMES } from './notice.ts';

const timeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['22:00'] });

const WISHES = {
  modes: Type.Array(
    exact({ type: oneOf(NOTICE_TYPE_NAMES), channel: oneOf(CHANNELS), mode: oneOf(['realtime', 'off']) }),
    { maxItems: NOTICE_TYPE_NAMES.length * CHANNELS.length, description: 'Whatever is not named comes in real time' },
  ),
  muteUntil: nullable(instant({ description: 'Until then nothing is sent but safety alerts' })),
  quietHours: nullable(
    exact(
      { from: timeOfDay, to: timeOfDay },
      {
        description: 'In the zone of the own site: what is told meanwhile is sent when they end, safety alerts at once',
      },
    ),
  ),
};

export const Preference = entity({
  table: 'notification_preference',
  fields: { profileId: uuid(), ...WISHES },
  create: [],
  edit: [],
});
export type PreferenceRow = RowOf<typeof Preference>;

export const PreferencesBody = exact(WISHES);
export const PreferencesView = exact(
  { ...WISHES, version: integer(0, 2_147_483_647, { description: '0: nothing was chosen yet' }) },
  { 'x-component': 'notification_preferences' },
);

/** Id of a profile's row, if it has chosen anything. */
export const preferenceIdOf = async (reader: Reader, profileId: string): Promise<string | undefined> => {
  const [row] = await reader.prepared<{ id: string }>(
    'select id from notification_preference where company_id = $1 and profile_id = $2 and deleted_at is null',
    [reader.companyId, profileId],
  );
  return row?.id;
};
