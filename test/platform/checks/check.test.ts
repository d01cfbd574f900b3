import { expect } from 'chai';
import { Fault, runChecks, startFaults } from '../../../src/platform/checks/check.ts';
import type { Check, CheckResult } from '../../../src/platform/checks/check.ts';

const check = (name: string, run: Check['run'], over: Partial<Check> = {}): Check => ({
  name,
  advice: 'look',
  run,
  ...over,
});
const fine = (name: string, over?: Partial<Check>): Check => check(name, () => Promise.resolve(), over);
const broken = (name: string, error: unknown, over?: Partial<Check>): Check =>
  check(name, () => Promise.reject(error), over);

describe('checks', () => {
  it('run all at once, and answer in the order given', async () => {
    let begun = 0;
    const all = Promise.withResolvers<void>();
    const together = (): Promise<void> => {
      begun += 1;
      if (begun === 3) all.resolve();
      return all.promise;
    };
    const told: string[] = [];
    const results = await runChecks(
      [check('a', together), check('b', together), check('c', together)],
      5_000,
      ({ name }) => told.push(name),
    );
    expect(results.map(({ name, ok }) => [name, ok])).to.deep.equal([
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
    expect(told).to.have.members(['a', 'b', 'c']);
  });

  it('end after their time, whatever hangs', async () => {
    const [hanging, other] = await runChecks([check('hangs', () => new Promise(() => undefined)), fine('other')], 20);
    expect(hanging).to.deep.include({ ok: false, error: 'no answer within 20 ms', advice: 'look' });
    expect(other).to.include({ ok: true });
  });

  it('say what is wrong and what to do, without secrets', async () => {
    const results = await runChecks(
      [
        broken('told', new Fault('it is old', 'renew it')),
        broken('thrown', new Error('no postgres://app:hunter2hunter2@db/angelis')),
        broken('several', new AggregateError([new Error('refused at ::1'), new Error('refused at 127.0.0.1')])),
        broken('odd', 'a text'),
        check('sync', () => {
          throw new TypeError('thrown at once');
        }),
      ],
      1_000,
    );
    expect(results.map(({ error, advice }) => [error, advice])).to.deep.equal([
      ['it is old', 'renew it'],
      ['no postgres://app:[redacted]@db/angelis', 'look'],
      ['refused at ::1; refused at 127.0.0.1', 'look'],
      ['a text', 'look'],
      ['thrown at once', 'look'],
    ]);
  });

  it('are not asked when what they need is at fault, however long the chain and whatever the order', async () => {
    let asked = 0;
    const run = (): Promise<void> => {
      asked += 1;
      return Promise.resolve();
    };
    const results = await runChecks(
      [
        check('third', run, { needs: 'second' }),
        check('second', run, { needs: 'first' }),
        broken('first', new Error('gone')),
        check('beside', run),
      ],
      1_000,
    );
    const state = ({ name, ok, skipped }: CheckResult) => [name, ok, skipped === true];
    expect(results.map(state)).to.deep.equal([
      ['third', false, true],
      ['second', false, true],
      ['first', false, false],
      ['beside', true, false],
    ]);
    expect(asked).to.equal(1);
  });

  it('name what TLS or the network had to say, wherever it is in the chain of causes', async () => {
    const coded = (code: string, message = 'no') => Object.assign(new Error(message), { code });
    const trust = /^name the PEM file of its authority in NODE_EXTRA_CA_CERTS/;
    const cases: readonly [error: Error, says: RegExp, advice: RegExp][] = [
      [
        new TypeError('fetch failed', { cause: coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE') }),
        /^fetch failed: nobody whom/,
        trust,
      ],
      [
        new Error('away', { cause: new Error('sent', { cause: coded('SELF_SIGNED_CERT_IN_CHAIN') }) }),
        /vouches/,
        trust,
      ],
      [new Error('away', { cause: coded('DEPTH_ZERO_SELF_SIGNED_CERT') }), /vouches/, trust],
      [new Error('away', { cause: coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY') }), /vouches/, trust],
      [
        new Error('mail', { cause: coded('ESOCKET', 'self-signed certificate in certificate chain') }),
        /vouches/,
        trust,
      ],
      [new Error('mail', { cause: coded('ESOCKET', 'unable to verify the first certificate') }), /vouches/, trust],
      [new Error('away', { cause: coded('CERT_HAS_EXPIRED') }), /has expired$/, /^renew/],
      [new Error('away', { cause: coded('ERR_TLS_CERT_ALTNAME_INVALID') }), /for another name$/, /^write the name/],
      [new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }), /^fetch failed: ECONNREFUSED$/, /^look$/],
      [
        new TypeError('fetch failed', { cause: new AggregateError([coded('ENOTFOUND')]) }),
        /^fetch failed: ENOTFOUND$/,
        /^look$/,
      ],
      [new Error('connect ECONNREFUSED 127.0.0.1:9'), /^connect ECONNREFUSED 127\.0\.0\.1:9$/, /^look$/],
      [new Fault('old', 'renew'), /^old$/, /^renew$/],
    ];
    const results = await runChecks(
      cases.map(([error], index) => broken(String(index), error)),
      1_000,
    );
    for (const [index, [, says, advice]] of cases.entries()) {
      expect(results[index]?.error, String(index)).to.match(says);
      expect(results[index]?.advice, String(index)).to.match(advice);
    }
  });

  it('keep production from starting for faults of those that say so, not for what does not answer', async () => {
    const unsafe = { refusesStart: true };
    const faults = await startFaults(
      [
        broken('unsafe', new Fault('it evicts', 'set noeviction'), unsafe),
        broken('away', new Error('ECONNREFUSED'), unsafe),
        check('hangs', () => new Promise(() => undefined), unsafe),
        broken('harmless', new Fault('it lags', 'wait')),
        fine('fine', unsafe),
      ],
      20,
    );
    expect(faults).to.deep.equal(['it evicts: set noeviction']);
  });
});
