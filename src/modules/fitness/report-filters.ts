import Type from 'typebox';
import { PERIOD } from '../../platform/render/report-sql.ts';
import { exact, oneOf, uuid } from '../../platform/schema/types.ts';

const SITE_AND_PERSON = { siteId: Type.Optional(uuid()), profileId: Type.Optional(uuid()) };

/** A period, at one site or all, of one person or all. */
export const PERIOD_FILTERS = exact({ ...PERIOD, ...SITE_AND_PERSON });

export const SHIFT_KINDS = ['day', 'night', 'travel'] as const;

/** The same, in one project and one kind of shift, or all. */
export const WORK_FILTERS = exact({
  ...PERIOD,
  ...SITE_AND_PERSON,
  projectId: Type.Optional(uuid()),
  shift: Type.Optional(oneOf(SHIFT_KINDS)),
});
