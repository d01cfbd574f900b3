import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import { LICENSE_STATES } from '../../../src/modules/commerce/licenses/licenses.repository.ts';
import { CASE_DECISIONS, CASE_STATES } from '../../../src/modules/fitness/cases/cases.repository.ts';
import { ACTIONS } from '../../../src/modules/fitness/classification/classify.ts';
import { BREACH_KINDS } from '../../../src/modules/fitness/compliance/report-lines.ts';
import { PROFILE_KINDS, PROFILE_STATES } from '../../../src/modules/organization/profiles/profiles.repository.ts';
import { SYSTEM_ROLES } from '../../../src/modules/organization/roles/system-roles.ts';
import { ASSIGNMENT_STATES } from '../../../src/modules/workforce/assignments/assignments.repository.ts';
import { PROJECT_STATES } from '../../../src/modules/workforce/projects/projects.repository.ts';
import { decide } from '../../../src/platform/access/decision.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';
import type { ReportDefinition } from '../../../src/platform/render/report.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { exporter, fetchLink } from './fixtures.ts';

/** Every code that a column or filter of a report may show, by where its texts stand. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  'fitness:action': ACTIONS,
  'reports:actorKind': ['profile', 'operator', 'machine', 'system'],
  'reports:assignmentStatus': ASSIGNMENT_STATES,
  'reports:breachKind': BREACH_KINDS,
  'reports:caseStatus': CASE_STATES,
  'reports:decision': CASE_DECISIONS,
  'reports:licenseStatus': LICENSE_STATES,
  'reports:profileKind': PROFILE_KINDS,
  'reports:profileStatus': PROFILE_STATES,
  'reports:projectStatus': PROJECT_STATES,
  'reports:shiftKind': ['day', 'night', 'travel'],
};

describe('the catalogue of reports', () => {
  let app: TestApp;
  let reports: readonly ReportDefinition[];

  before(async () => {
    app = await startApp({ background: true });
    reports = app.modules.flatMap((module) => module.reports ?? []);
  });
  after(() => app.close());

  it('has a text for every title, column, filter and code, in each language', () => {
    const { i18n } = app.platform;
    const keys = reports.flatMap(({ kind, columns, filters, filterLabels = {} }) => [
      ...['title', 'about', 'file'].map((part) => `reports:kinds.${kind}.${part}`),
      ...columns.map(({ name }) => `reports:columns.${name}`),
      ...Object.keys(filters.properties)
        .filter((name) => name !== 'from' && name !== 'to')
        .map((name) => `reports:filters.${name}`),
      ...[...columns.flatMap(({ labels }) => labels ?? []), ...Object.values(filterLabels)].flatMap((labels) => {
        expect(CODES, `the codes of ${labels}`).to.have.property(labels);
        return CODES[labels]!.map((code) => `${labels}.${code}`);
      }),
    ]);
    expect(keys).to.have.length.greaterThan(100);
    for (const locale of LOCALES)
      for (const key of keys) expect(i18n.t(locale, key), `${locale} ${key}`).not.to.equal('');
  });

  it('asks for permissions that somebody holds by more than a right to everything', () => {
    const roles = SYSTEM_ROLES.filter(
      ({ scope, code }) => scope === 'company' && code !== 'owner' && code !== 'auditor',
    );
    const isHeld = (permission: string): boolean =>
      roles.some(({ grants, reach, code }) => {
        const all = grants.map((held) => ({ permission: held, effect: 'grant' as const, reach, role: code }));
        return (
          decide({ grants: all }, permission).allowed && decide({ grants: all }, 'reporting:export:create').allowed
        );
      });
    expect(reports.map(({ permission }) => permission).filter((permission) => !isHeld(permission))).to.deep.equal([]);
  });

  it('runs every report as CSV and PDF, whole and with every filter set', async () => {
    const companyId = await addCompany(app.database);
    const owner = await addPerson(app, { companyId, roles: ['owner'] });
    const { run } = await exporter(app, owner);
    const samples: Record<string, unknown> = {
      status: 'active',
      shift: 'night',
      entity: 'export_job',
      siteId: companyId,
      projectId: companyId,
      departmentId: companyId,
      profileId: owner.profileId,
    };
    for (const { kind, filters, columns } of reports) {
      const names = Object.keys(filters.properties);
      const period = names.includes('from') ? { from: '2026-01-01', to: '2026-12-31' } : {};
      const all = Object.fromEntries(
        names.filter((name) => name !== 'from' && name !== 'to').map((name) => [name, samples[name]]),
      );
      for (const format of ['csv', 'pdf'])
        for (const given of [period, { ...period, ...all }]) {
          const ready = await run({ kind, format, locale: 'en', bom: false, filters: given });
          expect(ready, `${kind} ${format}`).to.include({ status: 'ready', error: null });
          if (format === 'pdf') continue;
          const rows = parse((await fetchLink(app, ready.download)).body);
          expect(rows[0]).to.have.length(columns.length);
        }
    }
  }).timeout(60_000);
});
