import { expect } from 'chai';
import { createTurns, firstTests, startDevices, testsBetween } from '../../src/demo/devices.ts';
import { planDemo } from '../../src/demo/plan.ts';
import { arrivals } from '../../src/demo/workers.ts';
import { createRandom } from '../../src/demo/random.ts';
import type { SaferRow } from '../../src/modules/fitness/sources/feeder.ts';

const LOADED = new Date('2026-03-20T15:00:00Z');
const plan = planDemo(LOADED);
const turnsAt = createTurns(plan);
/** 08:00 to 22:00 UTC covers the hours before and after the morning's and the afternoon's starts at both sites. */
const hours = Array.from({ length: 48 }, (_, hour) => new Date(LOADED.getTime() + (40 * 24 + hour) * 3_600_000));
const day = hours.map((from, index) =>
  testsBetween(turnsAt, from, new Date(from.getTime() + 3_600_000), createRandom(`test/${index}`)),
);

describe('the demo’s devices', () => {
  it('write of about everybody on the roster before their shift, weeks after the load too', () => {
    const people = new Set(day.flatMap(({ safer }) => safer.map(({ personCode }) => personCode)));
    expect(people.size).to.be.above(150);
    const busiest = Math.max(...day.map(({ safer }) => safer.length));
    const calmest = Math.min(...day.map(({ safer }) => safer.length));
    expect(busiest).to.be.above(5 * Math.max(1, calmest));
  });

  it('write into both sources, for people and devices of the plan', () => {
    const numbers = new Set(plan.companies.flatMap(({ people }) => people.map(({ number }) => number)));
    const eyes = day.flatMap(({ fit2000 }) => fit2000);
    expect(eyes).to.not.have.length(0);
    for (const { subjectCode, deviceSerial } of eyes) {
      expect(numbers.has(subjectCode)).to.equal(true);
      expect(deviceSerial).to.match(/^(CP|LS)-OJO-1$/);
    }
    for (const { personCode, deviceSerial } of day.flatMap(({ safer }) => safer)) {
      expect(numbers.has(personCode)).to.equal(true);
      expect(deviceSerial).to.match(/^(CP|LS)-KIOSK-/);
    }
  });

  it('let nobody on shift whose work asks for it be without a look into the Fit2000 for four hours', () => {
    const from = hours[0]!;
    const to = hours[12]!;
    const halfDay = testsBetween(turnsAt, from, to, createRandom('half day'));
    const operators = turnsAt(to).filter(
      ({ shift, assignment: { taskKind } }) =>
        taskKind.tests.includes('FIT2000') && shift.startsAt.getTime() <= to.getTime() - 4 * 3_600_000,
    );
    const seen = new Set(halfDay.fit2000.map(({ subjectCode }) => subjectCode));
    expect(operators).to.not.have.length(0);
    for (const { assignment } of operators) expect(seen.has(assignment.person.number)).to.equal(true);
  });

  it('write into Fit2000 in any quarter of an hour, never all at once', () => {
    const quarters = Array.from({ length: 96 }, (_, index) => new Date(hours[0]!.getTime() + index * 15 * 60_000));
    for (const from of quarters) {
      const to = new Date(from.getTime() + 15 * 60_000);
      const { fit2000 } = testsBetween(turnsAt, from, to, createRandom(from.toISOString()));
      expect(fit2000.length, from.toISOString()).to.be.within(1, 30);
    }
    const codes = new Set(day.flatMap(({ safer }) => safer.map(({ testCode }) => testCode)));
    expect([...codes]).to.deep.equal(['PVT-B']);
  });

  it('begin with a red of somebody on shift and an ocular test of another one, at any hour', () => {
    for (const at of hours) {
      const { safer, fit2000 } = firstTests(turnsAt, 'cordillera', at);
      expect(safer.map(({ companyCode }) => companyCode)).to.deep.equal(['cordillera']);
      expect(fit2000.map(({ companyCode }) => companyCode)).to.deep.equal(['cordillera']);
      expect(fit2000[0]!.subjectCode).to.not.equal(safer[0]!.personCode);
    }
  });

  it('stop when they are told to, after what they are writing', async () => {
    const written: SaferRow[] = [];
    const times = [hours[16]!, hours[20]!].values();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isClosed = false;
    const devices = startDevices({
      turnsAt,
      every: 1,
      loadedAt: LOADED,
      now: () => times.next().value ?? hours[20]!,
      onError: () => resolve(),
      feeder: {
        safer: (rows) => {
          written.push(...rows);
          resolve();
          return Promise.resolve([]);
        },
        fit2000: () => Promise.resolve([]),
        close: () => {
          isClosed = true;
          return Promise.resolve();
        },
      },
    });
    await promise;
    await devices.stop();
    expect(written).to.not.have.length(0);
    expect(isClosed).to.equal(true);
  });
});

describe('the demo’s people', () => {
  it('arrive at every shift of the roster once, minutes around its start', () => {
    const arrived = hours.flatMap((from) => {
      const to = new Date(from.getTime() + 3_600_000);
      return arrivals(turnsAt, from, to).map(({ person }) => {
        const turns = turnsAt(to).filter(({ assignment }) => assignment.person === person);
        const nearest = Math.min(...turns.map(({ shift }) => Math.abs(shift.startsAt.getTime() - from.getTime())));
        expect(nearest).to.be.at.most(3_600_000 + 9 * 60_000);
        return person.profileId;
      });
    });
    const people = new Set(arrived);
    expect(people.size).to.be.above(150);
    // Two days: nobody begins more than two shifts, one of each day.
    for (const one of people) expect(arrived.filter((other) => other === one).length).to.be.at.most(3);
  });
});
