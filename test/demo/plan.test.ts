import { expect } from 'chai';
import { accountsOf } from '../../src/demo/accounts.ts';
import { DEMO_DAYS, planDemo } from '../../src/demo/plan.ts';
import { planWork } from '../../src/demo/work.ts';
import { SYSTEM_ROLES } from '../../src/modules/organization/roles/system-roles.ts';
import { parseRut } from '../../src/platform/text/rut.ts';

const AT = new Date('2026-03-20T15:00:00Z');
const plan = planDemo(AT);
const [first, second, third] = plan.companies;
const people = plan.companies.flatMap((company) => company.people);

describe('the demo’s plan', () => {
  it('is the same whenever it is made', () => {
    expect(planDemo(AT)).to.deep.equal(plan);
    expect(planWork(plan, first!, 30)).to.deep.equal(planWork(planDemo(AT), first!, 30));
    const later = planDemo(new Date(AT.getTime() + 86_400_000));
    expect(accountsOf(later).map(({ email }) => email)).to.deep.equal(accountsOf(plan).map(({ email }) => email));
    expect(later.companies[0]!.id).to.not.equal(first!.id);
  });

  it('has three companies with 300, 70 and 30 people and two sites in different zones', () => {
    expect(plan.companies.map((company) => company.people.length)).to.deep.equal([300, 70, 30]);
    const zones = new Set(first!.sites.map(({ timezone }) => timezone));
    expect(zones.size).to.equal(2);
    for (const { altitude } of first!.sites) expect(altitude).to.be.above(3_000);
  });

  it('gives everybody ids, an address and a RUT of their own, save who works for two companies', () => {
    const own = people.filter(({ isShared }) => !isShared);
    for (const key of ['personId', 'keycloakId', 'rut', 'email', 'phone'] as const)
      expect(new Set(own.map((person) => person[key])).size, key).to.equal(own.length);
    expect(new Set(people.map(({ profileId }) => profileId)).size).to.equal(people.length);
    const [shared] = people.filter(({ isShared }) => isShared);
    const twin = second!.people.find(({ personId }) => personId === shared!.personId);
    expect(twin?.profileId).to.be.a('string').and.not.equal(shared!.profileId);
    for (const { rut } of people) expect(parseRut(rut).ok, rut).to.equal(true);
  });

  it('fills every role in each company, and all below somebody of theirs', () => {
    for (const company of plan.companies) {
      const held = new Set(company.people.flatMap(({ roles }) => roles));
      for (const role of ['owner', 'admin', 'manager', 'supervisor', 'worker', 'safety_admin', 'auditor'])
        expect(held.has(role), `${company.slug} ${role}`).to.equal(true);
      const known = new Set(SYSTEM_ROLES.map(({ code }) => code));
      expect([...held].filter((role) => !known.has(role))).to.deep.equal([]);
      company.people.forEach(({ superior }, place) => {
        if (superior !== null) expect(superior).to.be.below(place);
      });
    }
  });
});

describe('the demo’s work', () => {
  const work = planWork(plan, first!, DEMO_DAYS);

  it('has crews on days and on nights at each site on every day of the year', () => {
    const byDay = new Map<string, Set<string>>();
    for (const { person, shifts } of work.assignments)
      for (const { date, kind } of shifts) {
        const key = `${person.site}/${date}`;
        byDay.set(key, (byDay.get(key) ?? new Set()).add(kind));
      }
    expect(byDay.size).to.be.at.least(2 * (DEMO_DAYS + 14));
    for (const [day, kinds] of byDay) expect([...kinds].toSorted(), day).to.deep.equal(['day', 'night']);
  });

  it('reaches from a year ago to two weeks ahead, no shift of a person over another', () => {
    const all = work.assignments.flatMap(({ shifts }) => shifts.map(({ date }) => date)).toSorted();
    expect(all[0]).to.equal('2025-03-20');
    expect(all.at(-1)).to.equal('2026-04-03');
    for (const { shifts } of work.assignments)
      shifts.slice(1).forEach((shift, index) => {
        expect(shift.startsAt.getTime()).to.be.at.least(shifts[index]!.endsAt.getTime());
      });
  });

  it('takes people off every shift of their leave, and no leave lies over another', () => {
    const leaves = work.assignments.flatMap((assignment) => assignment.leaves);
    expect(leaves.length).to.be.above(work.assignments.length);
    for (const { shifts, leaves: own } of work.assignments) {
      const isOff = (date: string) => own.filter(({ startsOn, endsOn }) => startsOn <= date && date <= endsOn).length;
      for (const { date, isCancelled } of shifts) {
        expect(isOff(date)).to.be.at.most(1);
        if (isOff(date) === 1) expect(isCancelled).to.equal(true);
      }
    }
  });

  it('gives who is of a contractor a contract, and everybody a task of their own risk group', () => {
    for (const { person, contractId, project, taskKind } of work.assignments) {
      expect(contractId !== null, person.number).to.equal(person.isShared);
      expect(project.status).to.equal('active');
      if (!person.roles.includes('supervisor')) expect(taskKind.riskGroup).to.equal(person.riskGroup);
    }
    for (const { contractorRut } of planWork(plan, third!, 1).contracts)
      expect(parseRut(contractorRut).ok).to.equal(true);
  });
});
