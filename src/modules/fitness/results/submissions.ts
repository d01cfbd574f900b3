import Type from 'typebox';
import type { Static } from 'typebox';
import { code, exact, instant, integer, oneOf, text, uuid } from '../../../platform/schema/types.ts';
import { SELF_REPORT_METRICS, SIGNAL_KINDS } from '../definitions/definitions.ts';

const optional = Type.Optional;
const ID = code(100, { description: 'The sender’s own id: sent again, nothing is written twice' });
const answers = Object.fromEntries(
  Object.entries(SELF_REPORT_METRICS).map(([name, schema]) => [name, optional(schema)]),
) as { [K in keyof typeof SELF_REPORT_METRICS]: ReturnType<typeof Type.Optional<(typeof SELF_REPORT_METRICS)[K]>> };

/** What a person says of themselves; what is left out was not answered. */
export const SelfReportBody = exact({
  profileId: optional(uuid({ description: 'Whose report it is; a person reports for themselves only' })),
  at: optional(instant({ description: 'When it was given; default now' })),
  externalId: optional(ID),
  ...answers,
});
export type SelfReportInput = Static<typeof SelfReportBody>;

/** What others see. A clearance is yes or no, without values. */
export const SignalBody = exact({
  profileId: uuid(),
  at: optional(instant()),
  externalId: optional(ID),
  kind: oneOf(SIGNAL_KINDS),
  cleared: optional(Type.Boolean({ description: 'Of a clearance only' })),
});
export type SignalInput = Static<typeof SignalBody>;

const measure = (maximum: number, description: string) => optional(Type.Number({ minimum: 0, maximum, description }));

/** Reaction tests that may be entered by hand. */
export const PROTOCOLS = ['PVT-B', 'PVT-10'] as const;
/** What the vendor of an ocular test makes of it. */
export const VENDOR_RISKS = ['HIGH', 'LOW'] as const;

const ReactionInput = exact({
  kind: Type.Literal('reaction'),
  protocol: oneOf(PROTOCOLS),
  startedAt: instant(),
  trials: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
    minItems: 1,
    maxItems: 1_000,
    description: 'Response times in ms, null for none',
  }),
  falseStarts: optional(integer(0, 1_000)),
});

const OcularInput = exact({
  kind: Type.Literal('ocular'),
  risk: oneOf(VENDOR_RISKS),
  pupilDiameter: measure(20, 'mm'),
  constrictionAmplitude: measure(20, 'mm'),
  constrictionLatency: measure(5_000, 'ms'),
  saccadicVelocity: measure(5_000, 'mm/s'),
});

/** A measurement that somebody enters by hand for another. */
export const ManualResultBody = exact({
  profileId: uuid(),
  at: optional(instant({ description: 'When it ended; default now' })),
  externalId: optional(ID),
  deviceSerial: optional(code(64)),
  supervised: Type.Boolean(),
  practice: optional(Type.Boolean()),
  reason: text(500, { description: 'Why it is entered by hand' }),
  test: Type.Unsafe<Static<typeof ReactionInput> | Static<typeof OcularInput>>({
    oneOf: [ReactionInput, OcularInput],
    type: 'object',
    discriminator: { propertyName: 'kind' },
    required: ['kind'],
  }),
});
export type ManualResultInput = Static<typeof ManualResultBody>;
