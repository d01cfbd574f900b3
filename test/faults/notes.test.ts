import { expect } from 'chai';
import { shortened } from './notes.ts';

const many = (count: number, note: (n: number) => string): string[] =>
  Array.from({ length: count }, (_one, n) => note(n));

describe('the notes of faults', () => {
  it('are printed thirty of each kind, with the number of the others', () => {
    const changes = many(281, (n) => `WRONG: lost: change leave.create 0197a-${n}`);
    const mails = many(29, (n) => `WRONG: lost: mail ${n}@angelis.example`);
    const notices = many(31, (n) => `WRONG: doubled: notice /admin/export/${n}`);
    expect(shortened([...changes, ...mails, ...notices, '4 kills, 29 exports'])).to.deep.equal([
      ...changes.slice(0, 30),
      '… and 251 more: WRONG: lost: change leave.create …',
      ...mails,
      ...notices.slice(0, 30),
      '… and 1 more: WRONG: doubled: notice …',
      '4 kills, 29 exports',
    ]);
  });
});
