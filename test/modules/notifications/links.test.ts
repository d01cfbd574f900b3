import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import type { Notice, Notices } from '../../../src/modules/notifications/notice.ts';
import type { Tx } from '../../../src/platform/module.ts';
import { forExports, forFitness, forWorkforce } from '../../../src/wiring/notifications.ts';

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
    await forExports(notices).notify(tx, { ...about, kind: 'export_ready', entity: 'export_job' });
    const matrix = JSON.parse(await readFile('test/system/access-matrix.json', 'utf8')) as Record<string, unknown>;
    const routes = Object.keys(matrix).map((key) => key.slice(key.indexOf(' ') + 1));
    expect(made).to.have.length(5);
    for (const { link } of made) expect(routes).to.include(`GET ${link!.replace(/ID$/u, ':id')}`);
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
