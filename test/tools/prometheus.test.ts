import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { dashboardFaults, ruleFaults, usesOf } from '../../tools/checks/deployment/prometheus.ts';

const file = (path: string) => readFile(new URL(`../../config/${path}`, import.meta.url), 'utf8');

describe('the check of rules and dashboards', () => {
  it('knows what an expression asks for', () => {
    expect(usesOf('sum by (le, job) (rate(a_bucket{x="1", y=~"$y"}[$__rate_interval])) / on () b')).to.deep.equal([
      { metric: 'a_bucket', labels: ['x', 'y', 'le', 'job'] },
      { metric: 'b', labels: [] },
    ]);
    expect(() => usesOf('sum by (x (y)')).to.throw('does not parse');
  });

  it('finds what is wrong with rules', async () => {
    const good = await file('prometheus/alerts.yml');
    expect(ruleFaults(good)).to.deep.equal([]);
    for (const [from, to, says] of [
      ['max by (source) (angelis_source', 'max by (source (angelis_source', /AngelisSourceLate: .* does not parse/],
      ['angelis:errors:ratio5m > 0.01', 'angelis:error:ratio5m > 0.01', /nothing records angelis:error:ratio5m/],
      ['severity: page', 'severity: urgent', /neither page nor ticket/],
      ['for: 1m', 'fore: 1m', /additional properties \{"additionalProperty":"fore"\}/],
      ['for: 1m', 'for: a minute', /\/for must match pattern/],
      ['- alert: AngelisDown', '- record: x\n        alert: AngelisDown', /exactly one schema in oneOf/],
      ['min by (check) (angelis_check_ok)', 'min by (instance) (angelis_check_ok)', /shows check, which/],
      ['summary: Jobs were given up', 'headline: Jobs were given up', /neither what is wrong nor what to do/],
    ] as const)
      expect(ruleFaults(good.replace(from, to))[0], from).to.match(says);
  });

  it('finds what is wrong with a dashboard', async () => {
    const good = await file('grafana/angelis.json');
    expect(dashboardFaults(good)).to.deep.equal([]);
    for (const [from, to, says] of [
      ['"expr": "max by (job)', '"expr": "max by (job', /Jobs that wait: .* does not parse/],
      ['"legendFormat": "{{job}}"', '"legendFormat": "{{queue}}"', /legend shows queue/],
      ['"id": 2,', '"id": 1,', /share an id/],
      [/"gridPos": \{[^}]*"x": 12,\s+"y": 4,/u, '"gridPos": { "x": 0, "y": 4,', /lies on/],
    ] as const)
      expect(dashboardFaults(good.replace(from, to))[0], String(from)).to.match(says);
  });
});
