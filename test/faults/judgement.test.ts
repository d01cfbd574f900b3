import { expect } from 'chai';
import { compare, cutBy, judgeMails, judgeTrail } from './judgement.ts';
import type { Mails, Trail } from './judgement.ts';

const [ONE, TWO] = ['/admin/export/1 for ana', '/admin/export/2 for ana'] as const;
const of = (notice: string, messageId: string): Mails['deliveries'][number] => ({ notice, messageId });

describe('the judgement of faults', () => {
  it('finds what is missing, there twice, and there though nobody asked for it', () => {
    expect(compare(['a', 'b', 'c'], ['a', 'b', 'b', 'd'], 'leave')).to.deep.equal({
      lost: ['leave c'],
      doubled: ['leave b', 'leave d'],
    });
  });

  describe('of mails', () => {
    const well: Mails = {
      asked: [ONE, TWO],
      deliveries: [of(ONE, 'x'), of(TWO, 'y')],
      taken: ['y', 'x'],
      mostCopies: 0,
    };
    const judge = (changes: Partial<Mails>) => judgeMails({ ...well, ...changes });

    it('finds nothing where each notice was taken once', () => {
      expect(judge({})).to.deep.equal({ lost: [], doubled: [], copies: 0 });
    });

    it('misses the deliveries of a system that makes none', () => {
      expect(judge({ deliveries: [], taken: [] }).lost).to.deep.equal([`delivery of ${ONE}`, `delivery of ${TWO}`]);
    });

    it('misses a mail that was not taken', () => {
      expect(judge({ taken: ['x'] })).to.deep.include({ lost: ['mail y'], doubled: [] });
    });

    it('finds a second delivery of a notice, and one that nobody asked for', () => {
      const deliveries = [...well.deliveries, of(ONE, 'z'), of('/shift for ana', 'w')];
      expect(judge({ deliveries, taken: ['w', 'x', 'y', 'z'] })).to.deep.include({
        lost: [],
        doubled: [`delivery of ${ONE}`, 'delivery of /shift for ana'],
      });
    });

    it('finds a mail under a Message-ID of no delivery', () => {
      expect(judge({ taken: ['x', 'y', 'strange'] })).to.deep.include({ lost: [], doubled: ['mail strange'] });
    });

    it('lets as many mails come again, under their Message-ID, as sends can have been cut', () => {
      const taken = ['x', 'x', 'y', 'x'];
      expect(judge({ taken, mostCopies: 2 })).to.deep.equal({ lost: [], doubled: [], copies: 2 });
      expect(judge({ taken, mostCopies: 1 })).to.deep.equal({
        lost: [],
        doubled: ['mail again x', 'mail again x'],
        copies: 2,
      });
    });

    it('finds a system that sends every mail twice, and writes down as many attempts', () => {
      const ids = Array.from({ length: 65 }, (_one, n) => `mail-${n}`);
      const asked = ids.map((id) => `${id} for ana`);
      const deliveries = ids.map((id, n) => ({ ...of(asked[n]!, id), attempts: 2 }));
      const twice = { asked, deliveries, taken: [...ids, ...ids] };
      for (const mostCopies of [0, cutBy(2), cutBy(2, 2)])
        expect(judge({ ...twice, mostCopies })).to.deep.equal({
          lost: [],
          doubled: ids.map((id) => `mail again ${id}`),
          copies: 65,
        });
    });

    it('takes four mails of each jobs process to be under way at a loss', () => {
      expect(cutBy(0, 2)).to.equal(0);
      expect(cutBy(2)).to.equal(8);
      expect(cutBy(2, 2)).to.equal(16);
    });

    it('tells how many of notices that are alike have no delivery', () => {
      expect(judge({ asked: [ONE, ONE, TWO] }).lost).to.deep.equal([`delivery of ${ONE}`]);
    });
  });

  describe('of the trail', () => {
    const whole: Trail = { changes: 3, seals: 3, pairs: 3, first: 1, last: 3 };
    const deeds = ['leave.create 1', 'leave.create 2'];

    it('finds nothing where each deed left one change, and each change has its number', () => {
      const empty: Trail = { changes: 0, seals: 0, pairs: 0, first: null, last: null };
      expect(judgeTrail([whole, empty], deeds, deeds)).to.deep.equal({ lost: [], doubled: [] });
    });

    it('misses the change of a deed, and finds one too many', () => {
      expect(judgeTrail([whole], deeds, ['leave.create 2', 'leave.create 2'])).to.deep.equal({
        lost: ['change leave.create 1'],
        doubled: ['change leave.create 2'],
      });
    });

    for (const [what, torn] of Object.entries<Partial<Trail>>({
      'a change without a seal': { changes: 4 },
      'a seal whose change is gone': { changes: 2, pairs: 2 },
      'a seal of another change': { pairs: 2 },
      'a first number that is gone': { first: 2 },
      'a number that is left out': { last: 4 },
      'a company without any seal': { seals: 0, pairs: 0, first: null, last: null },
    }))
      it(`finds ${what}`, () => {
        expect(judgeTrail([{ ...whole, ...torn }], deeds, deeds).lost).to.have.length(1);
      });
  });
});
