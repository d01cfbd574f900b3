import Type from 'typebox';
import { equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity } from '../../../platform/schema/entity.ts';
import type { RowOf } from '../../../platform/schema/entity.ts';
import { code, day, exact, instant, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';

const DEVICE_KINDS = ['kiosk', 'phone', 'FIT2000'] as const;
const DEVICE_STATES = ['active', 'out_of_service', 'retired'] as const;

const latency = (minimum: number, description: string) =>
  nullable(Type.Number({ minimum, maximum: 1_000, description }));

const GIVEN = ['model', 'kind', 'siteId', 'biasMs', 'sdMs', 'measuredOn', 'calibrationDueAt', 'status'] as const;

export const Device = entity({
  table: 'device',
  fields: {
    serial: code(64, { description: 'As it stands in the rows of its source' }),
    model: text(100),
    kind: oneOf(DEVICE_KINDS),
    siteId: nullable(uuid()),
    biasMs: latency(-1_000, 'Measured latency: bias in ms'),
    sdMs: latency(0, 'Measured latency: standard deviation in ms'),
    measuredOn: nullable(day()),
    calibrationDueAt: nullable(instant()),
    lastSeenAt: nullable(instant()),
    status: oneOf(DEVICE_STATES),
  },
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

const QUALIFIED = `exists (select 1 from test_definition t where t.code = 'PVT-B' and t.current and d.status = 'active'
  and abs(d.bias_ms) <= t.bias_ms and d.sd_ms <= t.sd_ms and d.calibration_due_at > statement_timestamp())`;

const item = Device.json('d', { qualified: QUALIFIED });

export const deviceList: ListDefinition = {
  name: 'devices',
  from: 'from device d',
  alias: 'd',
  where: 'd.company_id = $1 and d.deleted_at is null',
  item,
  sorts: { serial: 'd.serial' },
  defaultSort: 'serial',
  filters: {
    status: equalTo('d.status', oneOf(DEVICE_STATES)),
    kind: equalTo('d.kind', oneOf(DEVICE_KINDS)),
    siteId: equalTo('d.site_id', uuid()),
  },
  search: 'device',
};
