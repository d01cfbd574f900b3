import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import type { Notice, Notices } from '../../../src/modules/notifications/notice.ts';
import { EXPORT_ERRORS } from '../../../src/modules/reporting/exports/exports.repository.ts';
import type { Tx } from '../../../src/platform/module.ts';
import { forExports, forFeatures, forFitness, forWorkforce } from '../../../src/wiring/notifications.ts';

const ENTITIES = ['fitness_case', 'requirement', 'fitness_breach'] as const;

describe('links of notices', () => {
  it('lead to what can be read', async () => {
    const made: Notice[] = [];
    const notices: Notices = {
      notify: (_tx, notice) => {
        made.push(notice);
        return Promise.resolve();
      },
    };
    const tx = { now: new Date() } as Tx;
    const about = { recipients: [], profileId: 'p', entityId: 'ID', params: {} };
    for (const entity of ENTITIES) await forFitness(notices).notify(tx, { ...about, kind: 'test_alert', entity });
    await forWorkforce(notices).notify(tx, {
      ...about,
      profileIds: [],
      kind: 'credential.expiring',
      entity: 'credential',
    });
    for (const kind of ['export_ready', 'export_failed'] as const)
      await forExports(notices).notify(tx, { ...about, kind, entity: 'export_job' });
    const quota = {
      feature: 'live_transcription',
      startsOn: '2027-01-01',
      percent: 80,
      recipients: [],
      holderId: 'p',
    } as const;
    for (const holder of ['person', 'company'] as const)
      await forFeatures(notices).notify(tx, { ...quota, of: holder });
    const matrix = JSON.parse(await readFile('test/system/access-matrix.json', 'utf8')) as Record<string, unknown>;
    const routes = Object.keys(matrix).map((key) => key.slice(key.indexOf(' ') + 1));
    expect(made).to.have.length(8);
    for (const { link } of made) expect(routes).to.include(`GET ${link!.replace(/ID$/u, ':id')}`);
  });

  it('of exports that failed say what to do next', async () => {
    const made: Notice[] = [];
    const notices: Notices = { notify: (_tx, notice) => Promise.resolve(void made.push(notice)) };
    const about = { recipients: [], profileId: 'p', entity: 'export_job', entityId: 'ID' } as const;
    for (const error of EXPORT_ERRORS)
      await forExports(notices).notify({} as Tx, { ...about, kind: 'export_failed', params: { error } });
    expect(made.map(({ type, text }) => [type, text])).to.deep.equal([
      ['information', 'export_failed'],
      ['information', 'export_refused'],
      ['information', 'export_too_large'],
      ['information', 'export_refused'],
    ]);
  });

  it('of what came late say so, and when it was taken', async () => {
    const made: Notice[] = [];
    const notices: Notices = { notify: (_tx, notice) => Promise.resolve(void made.push(notice)) };
    const about = {
      recipients: [],
      profileId: 'p',
      entity: 'fitness_case',
      entityId: 'ID',
      kind: 'test_alert',
    } as const;
    const tx = { now: new Date() } as Tx;
    await forFitness(notices).notify(tx, { ...about, params: { takenAt: '2026-11-21T15:26:00.000Z' } });
    expect(made[0]).to.deep.include({ text: 'test_alert_late', subjectParams: { takenAt: '2026-11-21 15:26 UTC' } });
  });
});
