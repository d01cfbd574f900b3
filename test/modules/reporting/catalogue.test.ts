import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import { SYSTEM_ROLES } from '../../../src/modules/organization/roles/system-roles.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';
import { labelsOf } from '../../../src/platform/render/report.ts';
import type { ReportDefinition } from '../../../src/platform/render/report.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { addDepartment, addProject, addSite, exporter, fetchLink } from './fixtures.ts';

interface FilterSchema {
  readonly enum?: readonly string[];
}

/** The filters of a report, its period aside. */
const filtersOf = ({ filters }: ReportDefinition): [name: string, schema: FilterSchema][] =>
  Object.entries<FilterSchema>(filters.properties).filter(([name]) => name !== 'from' && name !== 'to');

/** Where the texts of a report's codes stand: those that its columns show, and those by which it is filtered. */
const codeKeys = (report: ReportDefinition): string[] => [
  ...report.columns.flatMap((column) => (column.codes ?? []).map((code) => `${labelsOf(column)}.${code}`)),
  ...filtersOf(report).flatMap(([name, schema]) =>
    (schema.enum ?? []).map((code) => `${report.filterLabels?.[name] ?? `no filterLabels of ${name}`}.${code}`),
  ),
];

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
    const keys = reports.flatMap((report) => [
      ...['title', 'about', 'file'].map((part) => `reports:kinds.${report.kind}.${part}`),
      ...report.columns.map(({ name }) => `reports:columns.${name}`),
      ...filtersOf(report).map(([name]) => `reports:filters.${name}`),
      ...codeKeys(report),
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
          app.platform.decide({ grants: all }, permission).allowed &&
          app.platform.decide({ grants: all }, 'reporting:export:create').allowed
        );
      });
    expect(reports.map(({ permission }) => permission).filter((permission) => !isHeld(permission))).to.deep.equal([]);
  });

  it('runs every report as CSV and PDF, whole and with every filter set', async () => {
    const companyId = await addCompany(app.database);
    const owner = await addPerson(app, { companyId, roles: ['owner'] });
    const { run } = await exporter(app, owner);
    const admin = await app.database.superuser();
    const named: Readonly<Record<string, string>> = {
      profileId: owner.profileId,
      siteId: await addSite(admin, companyId, 'Norte'),
      projectId: await addProject(admin, companyId, 'P-1', 'Rajo'),
      departmentId: await addDepartment(admin, companyId, 'Turno A'),
    };
    const sampleOf = ([name, schema]: [string, FilterSchema]): [string, string] => [
      name,
      schema.enum?.[0] ?? named[name] ?? 'export_job',
    ];
    for (const report of reports) {
      const { kind, filters, columns } = report;
      const period = Object.hasOwn(filters.properties, 'from') ? { from: '2026-01-01', to: '2026-12-31' } : {};
      const all = Object.fromEntries(filtersOf(report).map(sampleOf));
      for (const format of ['csv', 'pdf'])
        for (const given of [period, { ...period, ...all }]) {
          const ready = await run({ kind, format, locale: 'en', bom: false, filters: given });
          expect(ready, `${kind} ${format}`).to.include({ status: 'ready', error: null });
          if (format === 'pdf') continue;
          const rows = parse((await fetchLink(app, ready.download)).body);
          const twice = columns.filter((column) => column.kind === 'named').length;
          expect(rows[0]).to.have.length(columns.length + twice);
        }
    }
  }).timeout(60_000);
});
