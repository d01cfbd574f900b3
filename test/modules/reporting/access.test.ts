import { expect } from 'chai';
import { isUnchanged, shownColumns, snapshotOf } from '../../../src/modules/reporting/exports/exports.access.ts';
import { attachment, fileNameOf } from '../../../src/modules/reporting/exports/exports.file-name.ts';
import { decide } from '../../../src/platform/access/decision.ts';
import type { Grant } from '../../../src/platform/access/principal.ts';
import type { ReportDefinition } from '../../../src/platform/render/report.ts';
import { exact } from '../../../src/platform/schema/types.ts';

const METRICS = 'fitness:metrics:read';
const report: ReportDefinition = {
  kind: 'test',
  permission: 'fitness:result:read',
  filters: exact({}),
  columns: [
    { name: 'person', kind: 'text' },
    { name: 'speed', kind: 'number', permission: METRICS },
  ],
  rows: () => ({ text: '', values: [] }),
};

const grant = (permission: string, more: Partial<Grant> = {}): Grant => ({
  permission,
  effect: 'grant',
  reach: 'reports',
  role: 'test',
  ...more,
});
const deciding =
  (...grants: Grant[]) =>
  (permission: string) =>
    decide({ grants }, permission, 'rows');
const names = (decider: ReturnType<typeof deciding>, columns: string[] | null = null): string[] =>
  shownColumns(report, { columns, permissionSnapshot: snapshotOf(decider, report) }).map(({ name }) => name);

describe('what an export may show', () => {
  const plain = grant('fitness:result:read');

  it('leaves out columns that need a permission which is not held', () => {
    expect(names(deciding(plain))).to.deep.equal(['person']);
    expect(names(deciding(plain, grant(METRICS)))).to.deep.equal(['person', 'speed']);
    expect(names(deciding(plain, grant(METRICS)), ['speed'])).to.deep.equal(['speed']);
    expect(names(deciding(plain, grant(METRICS), grant(METRICS, { effect: 'deny' })), ['speed'])).to.deep.equal([]);
  });

  it('leaves out a column where its permission does not take in every row of the report', () => {
    const scope = { kind: 'department', id: '0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f' } as const;
    expect(names(deciding(plain, grant(METRICS, { reach: 'self' })))).to.deep.equal(['person']);
    expect(names(deciding(plain, grant(METRICS, { scope })))).to.deep.equal(['person']);
    expect(names(deciding(plain, grant(METRICS), grant(METRICS, { effect: 'deny', scope })))).to.deep.equal(['person']);
    const both = deciding(plain, grant(METRICS), grant('fitness:*:read', { effect: 'deny', scope }));
    expect(names(both)).to.deep.equal(['person', 'speed']);
  });

  it('is unchanged as long as every permission, reach and scope is the same, in whatever order', () => {
    const [a, b] = ['0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f', '0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e2f'];
    const within = (...ids: string[]) =>
      deciding(...ids.map((id) => grant('fitness:result:read', { scope: { kind: 'department', id } })));
    const taken = snapshotOf(within(a, b), report);
    const unchanged = (decider: ReturnType<typeof deciding>): boolean => isUnchanged(taken, decider, report);
    expect(unchanged(within(b, a))).to.equal(true);
    expect(unchanged(within(a))).to.equal(false);
    expect(unchanged(deciding(plain))).to.equal(false);
    const denied = grant('fitness:result:read', { effect: 'deny', scope: { kind: 'department', id: a } });
    const narrowed = deciding(plain, denied);
    expect(isUnchanged(snapshotOf(deciding(plain), report), narrowed, report)).to.equal(false);
    expect(isUnchanged(snapshotOf(narrowed, report), narrowed, report)).to.equal(true);
    const wide = snapshotOf(deciding(plain), report);
    expect(isUnchanged(wide, deciding(grant('fitness:result:read', { reach: 'company' })), report)).to.equal(false);
    expect(isUnchanged(wide, deciding(plain, grant(METRICS)), report)).to.equal(false);
    expect(isUnchanged(wide, deciding(), report)).to.equal(false);
  });
});

describe('file names of exports', () => {
  const at = new Date('2026-04-01T02:05:00Z');
  const parts = {
    prefix: 'conformité du mois',
    companySlug: 'dona-ines',
    at,
    zone: 'America/Santiago',
    extension: 'pdf',
  };

  it('carry prefix, company, period and the time on the wall', () => {
    expect(fileNameOf({ ...parts, from: '2026-03-01', to: '2026-03-31' })).to.equal(
      'conformité-du-mois_dona-ines_2026-03-01_2026-03-31_20260331-2305.pdf',
    );
    expect(fileNameOf(parts)).to.equal('conformité-du-mois_dona-ines_20260331-2305.pdf');
  });

  it('are written so that nothing ends the header early', () => {
    expect(attachment('a"b\\c%é’(1).csv')).to.equal(
      `attachment; filename="a_b_c_e_(1).csv"; filename*=UTF-8''a%22b%5Cc%25%C3%A9%E2%80%99%281%29.csv`,
    );
  });
});
