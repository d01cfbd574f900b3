import Type from 'typebox';
import { code, day, entity, exact, instant, line, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { RowOf } from '../../../platform/module.ts';

const DEVICE_KINDS = ['kiosk', 'phone', 'FIT2000'] as const;
const DEVICE_STATES = ['active', 'out_of_service', 'retired'] as const;

const latency = (minimum: number, description: string) =>
  nullable(Type.Number({ minimum, maximum: 1_000, description }));

const GIVEN = ['model', 'kind', 'siteId', 'biasMs', 'sdMs', 'measuredOn', 'calibrationDueAt', 'status'] as const;

export const Device = entity({
  table: 'device',
  fields: {
    serial: code(64, { description: 'As it stands in the rows of its source' }),
    model: line(100),
    kind: oneOf(DEVICE_KINDS),
    siteId: nullable(uuid()),
    biasMs: latency(-1_000, 'Measured latency: bias in ms'),
    sdMs: latency(0, 'Measured latency: standard deviation in ms'),
    measuredOn: nullable(day()),
    calibrationDueAt: nullable(instant()),
    lastSeenAt: nullable(instant()),
    outSince: nullable(instant({ description: 'Since when somebody has it out of service' })),
    status: oneOf(DEVICE_STATES),
  },
  hidden: { calibrationToldAt: nullable(instant()) },
  create: ['serial', ...GIVEN],
  edit: GIVEN,
  search: ['serial', 'model'],
});
export type DeviceRow = RowOf<typeof Device>;

/** `qualified`: measured latency within the tolerance of PVT-B, calibration not due; only then lapses are counted in bands. */
export const DeviceView = exact(
  { ...Device.view.properties, qualified: Type.Boolean() },
  { 'x-component': 'device', description: 'A device on which tests are taken' },
);

const QUALIFIED = `exists (select 1 from test_definition p where p.code = 'PVT-B' and p.current and t.status = 'active'
  and abs(t.bias_ms) <= p.bias_ms and t.sd_ms <= p.sd_ms and t.calibration_due_at > statement_timestamp())`;

export const deviceList = listOf(Device, {
  sorts: ['serial'],
  coarse: { status: 'devices are some hundreds', kind: 'the same', siteId: 'the same' },
  extra: { qualified: QUALIFIED },
});
