import { expect } from 'chai';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { clientOf, version } from '../../../support/client.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import { startFitness } from '../people.ts';
import type { FitnessPeople } from '../people.ts';

interface Device {
  readonly id: string;
  readonly version: number;
  readonly qualified: boolean;
  readonly lastSeenAt: string | null;
  readonly outSince: string | null;
}

const DEVICES = '/fitness/devices';

describe('devices', () => {
  let f: FitnessPeople;
  before(async function prepare() {
    this.timeout(30_000);
    f = await startFitness();
  });
  after(() => f.app.close());

  const body = (serial: string, values: object = {}) => ({
    serial,
    model: 'Kiosk 2',
    kind: 'kiosk',
    biasMs: 4,
    sdMs: 8,
    calibrationDueAt: '2999-01-01T00:00:00.000Z',
    status: 'active',
    ...values,
  });

  const UNQUALIFIED: [string, object][] = [
    ['never measured', { biasMs: null, sdMs: null }],
    ['with too much bias', { biasMs: -6 }],
    ['with too much spread', { sdMs: 11 }],
    ['without a calibration', { calibrationDueAt: null }],
    ['whose calibration is due', { calibrationDueAt: '2020-01-01T00:00:00.000Z' }],
    ['out of service', { status: 'out_of_service' }],
  ];
  it('remember since when they are out of service, whatever else is changed of them', async () => {
    const made = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-0')), 201);
    expect(made.outSince).to.equal(null);
    const edit = (values: object, at: number) =>
      rowOf<Device>(f.as.admin.patch(`${DEVICES}/${made.id}`, values, version(at)));
    const out = await edit({ status: 'out_of_service' }, made.version);
    expect(Date.parse(out.outSince!)).to.be.closeTo(Date.now(), 60_000);
    expect((await edit({ model: 'Kiosk 3' }, out.version)).outSince).to.equal(out.outSince);
    expect((await edit({ status: 'active' }, out.version + 1)).outSince).to.equal(null);
    const broken = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-00', { status: 'out_of_service' })), 201);
    expect(broken.outSince).to.not.equal(null);
  });

  it('are qualified with a measured latency within tolerance and a calibration that is not due', async () => {
    const made = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-1')), 201);
    expect(made.qualified).to.equal(true);
    expect(await rowOf<Device>(f.as.safety.get(`${DEVICES}/${made.id}`))).to.deep.equal(made);
  });
  for (const [name, values] of UNQUALIFIED)
    it(`are not qualified ${name}`, async () => {
      const serial = name.replaceAll(' ', '-');
      const made = await rowOf<Device>(f.as.admin.post(DEVICES, body(serial, values)), 201);
      expect(made.qualified).to.equal(false);
      expect((await rowOf<Device>(f.as.admin.get(`${DEVICES}/${made.id}`))).qualified).to.equal(false);
    });

  it('change, with their version, and keep bias and spread together', async () => {
    const made = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-2')), 201);
    const patch = (values: object, at: number) => f.as.admin.patch(`${DEVICES}/${made.id}`, values, version(at));
    expect((await rowOf<Device>(patch({ biasMs: 40 }, 1))).qualified).to.equal(false);
    await rowOf(patch({ biasMs: 3 }, 1), 412);
    await rowOf(patch({ biasMs: null }, 2), 422);
    await rowOf(f.as.admin.post(DEVICES, body('K-3', { sdMs: null })), 422);
  });

  it('have one serial each, and are the company’s own', async () => {
    const made = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-9')), 201);
    expect(await codeOf(f.as.admin.post(DEVICES, body('K-9')), 409)).to.equal('DUPLICATE');
    await rowOf(f.as.stranger.post(DEVICES, body('K-9')), 201);
    await rowOf(f.as.stranger.get(`${DEVICES}/${made.id}`), 404);
    await rowOf(f.as.supervisor.get(DEVICES), 403);
    expect(await itemsOf(f.as.admin, `${DEVICES}?q=K-9`)).to.have.length(1);
  });

  it('tell the safety admins before their calibration is due, and when it is, once each', async () => {
    const DAY = 86_400_000;
    const start = f.app.clock.now().getTime();
    const client = await f.app.database.superuser();
    const at = (days: number) => f.app.clock.set(new Date(start + days * DAY));
    const due = (days: number) => ({ calibrationDueAt: new Date(start + days * DAY).toISOString() });
    const tick = async () => {
      const { run } = f.app.modules
        .flatMap(({ ticks = [] }) => ticks)
        .find(({ name }) => name === 'fitness.devices.calibration')!;
      const context = { now: f.app.clock.now(), signal: new AbortController().signal };
      await run(systemScope(f.companyId, 'test', '0'.repeat(32)), context);
    };
    const told = async ({ id }: Device) =>
      (
        await client.query<{ profile_id: string }>(
          `select profile_id from notification where company_id = $1 and link = $2`,
          [f.companyId, `/fitness/devices/${id}`],
        )
      ).rows.map(({ profile_id }) => profile_id);
    const make = (serial: string, values: object) => rowOf<Device>(f.as.admin.post(DEVICES, body(serial, values)), 201);
    const soon = await make('C-1', due(20));
    const over = await make('C-2', due(-1));
    const away = await make('C-3', { ...due(5), status: 'out_of_service' });
    const safety = f.people.safety.profileId;
    const seen = async () => [await told(soon), await told(over), await told(away)];
    await tick();
    await tick();
    expect(await seen()).to.deep.equal([[], [safety], []]);
    at(7);
    await tick();
    await tick();
    expect(await seen()).to.deep.equal([[safety], [safety], []]);
    at(20);
    await tick();
    await tick();
    expect(await seen()).to.deep.equal([[safety, safety], [safety], []]);
    const admin = await clientOf(f.app, f.people.admin);
    await rowOf(admin.patch(`${DEVICES}/${soon.id}`, due(50), version(1)));
    await tick();
    at(40);
    await tick();
    expect(await seen()).to.deep.equal([[safety, safety, safety], [safety], []]);
    f.app.clock.set(new Date(start));
    await client.end();
  });

  it('are seen when a test comes from them, and bands count on qualified ones only', async () => {
    const qualified = await rowOf<Device>(f.as.admin.post(DEVICES, body('K-10')), 201);
    await rowOf(f.as.admin.post(DEVICES, body('K-11', { biasMs: null, sdMs: null })), 201);
    const at = new Date().toISOString();
    const startedAt = new Date(Date.parse(at) - 180_000).toISOString();
    const trials = [...Array.from({ length: 25 }, (_, n) => 360 + n), ...Array.from({ length: 40 }, (_, n) => 250 + n)];
    const test = { kind: 'reaction', protocol: 'PVT-B', startedAt, trials };
    const enter = (profileId: string, deviceSerial: string) =>
      rowOf<{ level: string; deviceState: string; deviceId: string | null }>(
        f.as.safety.post('/fitness/results', { profileId, deviceSerial, at, supervised: true, reason: 'x', test }),
        201,
      );
    expect(await enter(f.people.worker.profileId, 'K-10')).to.include({
      level: 'red',
      deviceState: 'qualified',
      deviceId: qualified.id,
    });
    expect(await enter(f.people.colleague.profileId, 'K-11')).to.include({
      level: 'green',
      deviceState: 'unqualified',
    });
    expect(await enter(f.people.manager.profileId, 'K-404')).to.include({ level: 'green', deviceId: null });
    const seen = await rowOf<Device>(f.as.admin.get(`${DEVICES}/${qualified.id}`));
    expect(seen).to.include({ lastSeenAt: at, version: 1 });
  });
});
