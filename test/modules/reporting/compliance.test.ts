import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import type pg from 'pg';
import { complianceOf, countRequirements, percentOf } from '../../../src/modules/fitness/compliance/compliance.ts';
import type { Compliance, RequirementStatus } from '../../../src/modules/fitness/compliance/compliance.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { pageText, readPdf } from '../../support/pdf-reader.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addProject, addRequirement, addShift, addSite, exporter, fetchLink } from './fixtures.ts';
import type { RequirementFixture } from './fixtures.ts';

const STATUSES = [
  'done_on_time',
  'done_on_time',
  'done_on_time',
  'done_late',
  'missed',
  'excused',
  'blocked',
  'due',
] as const;
const LEVELS = ['green', 'green', 'yellow', 'orange', 'red', 'invalid', null] as const;
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];
const PERIOD = { from: '2026-03-01', to: '2026-03-31' };

type Line = Compliance & { readonly key: string };

describe('the compliance report', () => {
  let app: TestApp;
  let admin: pg.Client;
  let companyId: string;
  let manager: TestPerson;
  let below: TestPerson[];
  let elsewhere: TestPerson;
  let sites: [string, string];
  const due: RequirementFixture[] = [];

  before(async () => {
    app = await startApp({ background: true });
    admin = await app.database.superuser();
    companyId = await addCompany(app.database);
    manager = await addPerson(app, { companyId, roles: ['manager'], firstName: 'Marta', lastName: 'Ñandú' });
    elsewhere = await addPerson(app, { companyId, roles: ['worker'] });
    below = [];
    for (let n = 0; n < 7; n += 1) {
      below.push(await addPerson(app, { companyId, roles: ['worker'], lastName: `Bajo ${n}` }));
      await addReportingLine(app, manager, below[n]!);
    }
    sites = [await addSite(admin, companyId, 'Mina Ñandú'), await addSite(admin, companyId, 'Campamento')];
    for (const [index, { profileId }] of below.entries())
      await admin.query('update profile set site_id = $3 where company_id = $1 and id = $2', [
        companyId,
        profileId,
        sites[index < 6 ? 0 : 1],
      ]);
    const projectId = await addProject(admin, companyId, 'P-7', 'Rajo');
    const night = await addShift(admin, companyId, below[0]!.profileId, projectId, 'night');
    let n = 0;
    for (const [index, { profileId }] of below.entries())
      for (const shiftDate of DAYS) {
        n += 1;
        const level = LEVELS[n % LEVELS.length];
        due.push({
          profileId,
          shiftDate,
          status: STATUSES[(n * 5) % STATUSES.length]!,
          siteId: sites[index < 6 ? 0 : 1],
          projectId,
          hadInvalid: n % 4 === 0,
          ...(level && { level }),
          ...(index === 0 && shiftDate === DAYS[0] && { shiftId: night }),
        });
      }
    for (const one of due) await addRequirement(admin, companyId, one);
    const other = { shiftDate: DAYS[0]!, siteId: sites[0] };
    await addRequirement(admin, companyId, { ...other, profileId: elsewhere.profileId, status: 'missed' });
    const later = new Date(Date.now() + 3_600_000);
    await addRequirement(admin, companyId, { ...other, profileId: below[0]!.profileId, status: 'due', dueAt: later });
    await addRequirement(admin, companyId, {
      profileId: below[0]!.profileId,
      shiftDate: '2026-04-01',
      status: 'missed',
    });
  });
  after(() => app.close());

  const expected = (keep: (one: RequirementFixture) => boolean = () => true) =>
    complianceOf(
      countRequirements(
        due.filter(keep).map(({ status, shiftDate, hadInvalid }) => ({
          status: status as RequirementStatus,
          dueAt: new Date(shiftDate),
          hadInvalid: hadInvalid ?? false,
        })),
        new Date(),
      ),
    );
  const wish = { kind: 'compliance', locale: 'en', filters: PERIOD } as const;
  const csvRows = async (body: object): Promise<Record<string, string>[]> => {
    const { run } = await exporter(app, manager);
    const ready = await run({ ...wish, format: 'csv', bom: false, ...body });
    return parse((await fetchLink(app, ready.download)).body, { columns: true });
  };
  const sum = (rows: readonly Record<string, string>[], column: string): number =>
    rows.reduce((total, row) => total + Number(row[column]), 0);
  const pdfPages = async (body: object = {}): Promise<string[]> => {
    const { run } = await exporter(app, manager);
    const ready = await run({ ...wish, format: 'pdf', ...body });
    const { pages } = await readPdf(Readable.from([(await fetchLink(app, ready.download)).body]));
    return pages.map(pageText);
  };

  it('counts what fell due, of the people the reader may see, and nothing else', async () => {
    const rows = await csvRows({});
    const all = expected();
    const seen = ['Required', 'On time', 'Late', 'Missed', 'Overdue', 'Excused', 'Blocked', 'With invalid'];
    const { required, onTime, late, missed, overdue, excused, blocked, invalid } = all;
    const counted = [required, onTime, late, missed, overdue, excused, blocked, invalid];
    expect(seen.map((column) => sum(rows, column))).to.deep.equal(counted);
    expect(counted.every((count) => count > 0)).to.equal(true);
  });

  it('shows the rate of each shift date by the one rule', async () => {
    for (const day of DAYS) {
      const [row, ...others] = await csvRows({ filters: { from: day, to: day, siteId: sites[1] } });
      const { rate } = expected((one) => one.shiftDate === day && one.siteId === sites[1]);
      expect(others).to.deep.equal([]);
      expect(row!['Shift date']).to.equal(day);
      expect(row!['Compliance (%)']).to.equal(String(percentOf(rate) ?? ''));
    }
  });

  it('is narrowed to a site, a kind of shift and a person', async () => {
    const onlyNight = await csvRows({ filters: { ...PERIOD, shift: 'night' } });
    expect(new Set(onlyNight.map((row) => row['Shift']))).to.deep.equal(new Set(['Night']));
    expect(sum(onlyNight, 'Required')).to.equal(expected((one) => one.shiftId !== undefined).required);
    const person = below[2]!.profileId;
    const one = await csvRows({ filters: { ...PERIOD, profileId: person } });
    expect(sum(one, 'Required')).to.equal(expected(({ profileId }) => profileId === person).required);
  });

  it('has the same numbers as PDF, with everything beside the rate', async () => {
    const [first = ''] = await pdfPages();
    const { rate, ...counts } = expected();
    const { required, onTime, late, missed, overdue, excused, blocked, invalid } = counts;
    expect(first).to.include(`Compliance\n${percentOf(rate)!.toFixed(1)}%\nof ${rate.denominator} that count`);
    expect(first).to.include(`Required\n${required}\noverdue, still open: ${overdue}`);
    expect(first).to.include(`On time\n${onTime}\nLate\n${late}\nMissed\n${missed}`);
    expect(first).to.include(`Excused\n${excused}\nBlocked\n${blocked}\nWith an invalid attempt\n${invalid}`);
  });

  it('has the numbers of the API for a shift date, in CSV and PDF', async () => {
    const { client } = await exporter(app, manager);
    for (const day of DAYS) {
      const answer = await client.get(`/fitness/compliance?from=${day}&to=${day}&by=day`).expect(200);
      const [line, ...others] = (answer.body as { lines: Line[] }).lines;
      expect(others).to.deep.equal([]);
      const filters = { from: day, to: day };
      const rows = await csvRows({ filters });
      const columns = ['Required', 'On time', 'Late', 'Missed', 'Overdue', 'Excused', 'Blocked', 'With invalid'];
      const { required, onTime, late, missed, overdue, excused, blocked, invalid, rate } = line!;
      const numbers = [required, onTime, late, missed, overdue, excused, blocked, invalid];
      expect(columns.map((column) => sum(rows, column))).to.deep.equal(numbers);
      const [first = ''] = await pdfPages({ filters });
      expect(first).to.include(`Compliance\n${percentOf(rate)!.toFixed(1)}%\nof ${rate.denominator} that count`);
      expect(first).to.include(`Required\n${required}\n`);
    }
  });

  it('sums up by site, project and shift', async () => {
    const pages = (await pdfPages()).join('\n');
    for (const [index, name] of ['Mina Ñandú', 'Campamento'].entries()) {
      const { required, onTime, late, missed } = expected((one) => one.siteId === sites[index]);
      expect(pages).to.include(`${name}\n${[required, onTime, late, missed].join('\n')}`);
    }
    const night = expected((one) => one.shiftId !== undefined);
    expect(pages).to.include(`Night\n${night.required}\n${night.onTime}`);
    const { required, onTime } = expected();
    expect(pages).to.include(`P-7 · Rajo\n${required}\n${onTime}`);
  });

  it('says whose it is, of what, of when, in which zone, by whom, and through which filters', async () => {
    const texts = {
      es: [
        'Cumplimiento de pruebas de aptitud',
        'Período\n1 mar 2026 al 31 mar 2026',
        'Faena\nMina Ñandú',
        'Página 1 de',
      ],
      en: ['Fitness test compliance', 'Period\nMar 1, 2026 to Mar 31, 2026', 'Site\nMina Ñandú', 'Page 1 of'],
      fr: ['Conformité des tests d’aptitude', '1 mars 2026', 'Site\nMina Ñandú', 'Page 1'],
    };
    for (const [locale, wanted] of Object.entries(texts)) {
      const [first = ''] = await pdfPages({ locale, filters: { ...PERIOD, siteId: sites[0] } });
      for (const text of [...wanted, 'America/Santiago', 'Marta Ñandú']) expect(first).to.include(text);
    }
  });

  it('sums up a long period by week and by month as PDF, and day by day as CSV', async () => {
    const filters = { from: '2026-01-01', to: '2026-03-31' };
    expect((await pdfPages({ filters })).join('\n'))
      .to.include('Compliance by shift date')
      .and.include('Mar 1, 2026');
    const long = { from: '2025-12-01', to: '2026-03-31' };
    const pages = (await pdfPages({ filters: long })).join('\n');
    expect(pages).to.include('Compliance by week').and.include('Mar 2026').and.not.include('Mar 2, 2026');
    const [project, night] = ['P-7 · Rajo', 'Night'].map((name) => pages.lastIndexOf(name));
    expect([project, night].every((at) => at! > pages.indexOf('Detail'))).to.equal(true);
    expect(pages).to.include(`Required\n${expected().required}\n`);
    const rows = await csvRows({ filters: long });
    expect(new Set(rows.map((row) => row['Shift date']))).to.deep.equal(new Set(DAYS));
    const projects = new Set(rows.map((row) => `${row['Project (code)']}|${row['Project (name)']}`));
    expect([...projects]).to.deep.equal(['P-7|Rajo']);
  });

  it('begins the chart of weeks with the period, in the middle of a week too', async () => {
    const pages = (await pdfPages({ filters: { from: '2026-03-01', to: '2026-06-30' } })).join('\n');
    expect(pages).to.include('Compliance by week').and.include('Mar 1\n').and.not.include('Feb 23');
  });

  it('has beside it what went against the rules, counted by kind and by site', async () => {
    const missed = due.filter(({ status }) => status === 'missed');
    const people = new Set(missed.map(({ profileId }) => profileId)).size;
    const pages = (await pdfPages({ kind: 'breach' })).join('\n');
    expect(pages).to.include(`Breaches\n${missed.length}\npeople: ${people}`);
    expect(pages).to.include(`Missed tests\n${missed.length}\n`);
    const here = missed.filter(({ siteId }) => siteId === sites[0]).length;
    expect(here).to.be.greaterThan(0);
    expect(pages).to.include(`Mina Ñandú\n0\n0\n${here}\n0\n${here}`);
    const alone = below[6]!.profileId;
    const own = due.filter(({ status, profileId }) => status === 'missed' && profileId === alone).length;
    const ownOnly = await pdfPages({ kind: 'breach', filters: { ...PERIOD, profileId: alone } });
    expect(ownOnly.join('\n')).to.include(`Breaches\n${own}\npeople: ${own > 0 ? 1 : 0}`);
  });

  it('hides the levels of groups that are too small, and the next that would tell on them', async () => {
    const pages = (await pdfPages()).join('\n');
    expect(pages).to.include('2 groups of too few people are not shown');
    const alone = (await pdfPages({ filters: { ...PERIOD, siteId: sites[0] } })).join('\n');
    const green = due.filter(({ siteId, level }) => siteId === sites[0] && level === 'green').length;
    expect(alone).to.include(`Green ${green}`);
  });
});
