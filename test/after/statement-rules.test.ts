import { expect } from 'chai';
import { statementFaults } from './statement-rules.ts';

const TABLES = new Set(['project', 'profile']);
const faultsOf = (text: string): Promise<string[]> => statementFaults(text, TABLES);

const OTHER = 'company_id compared with something else than = $n';
const TWO = 'two companies in one locking statement';

/** Each statement breaks a rule, and the faults are all that is found in it. */
const BAD: readonly [text: string, ...faults: string[]][] = [
  ['select id from project', 'project without company_id = $n'],
  ['select id from project where company_id = $1 or true', 'project without company_id = $n'],
  ['select id from project where (company_id = $1 and id = $2) or id = $3', 'project without company_id = $n'],
  ['select id from project where not (company_id = $1)', 'project without company_id = $n'],
  ['select id from project where coalesce(company_id = $1, true)', 'project without company_id = $n'],
  ["select id from project where company_id = '0190'", OTHER, 'project without company_id = $n'],
  ['select id from project where company_id = any($1)', OTHER, 'project without company_id = $n'],
  ['select id from project where company_id in ($1, $2)', OTHER, 'project without company_id = $n'],
  ['select id from project where company_id <> $1', OTHER, 'project without company_id = $n'],
  ['select id from project where company_id >= $1', OTHER, 'project without company_id = $n'],
  [
    'select p.id from project p join profile f on f.company_id = p.company_id where p.company_id = $1',
    OTHER,
    'profile f without company_id = $n',
  ],
  [
    'select p.id from project p left join profile f on f.company_id = $1 and p.company_id = $1',
    'project p without company_id = $n',
  ],
  [
    'select p.id from profile f right join project p on f.company_id = $1 and p.company_id = $1',
    'project p without company_id = $n',
  ],
  [
    'select p.id from project p full join profile f on f.company_id = $1 and p.company_id = $1',
    'project p without company_id = $n',
    'profile f without company_id = $n',
  ],
  [
    'select id from project where company_id = $1 and exists (select 1 from profile where id = $2)',
    'profile without company_id = $n',
  ],
  ['with w as (select id from profile) select id from w', 'profile without company_id = $n'],
  ['update project set name = $2 where id = $1', 'project without company_id = $n'],
  ['delete from project where id = $1', 'project without company_id = $n'],
  ['insert into project (id) values ($1)', 'insert into project without company_id'],
  [
    'select id from project where company_id = $1 or company_id = $2 for update',
    TWO,
    'project without company_id = $n',
  ],
  [
    'select p.id from project p join profile f on f.company_id = $2 where p.company_id = $1 order by p.id for update',
    TWO,
  ],
  ['update project p set name = f.id from profile f where p.company_id = $1 and f.company_id = $2', TWO],
  ['delete from project where company_id = $1 and id in (select id from profile where company_id = $2)', TWO],
  ['update project set updated_at = now() where company_id = $1', 'now() in a write'],
  ['update project set updated_at = current_timestamp where company_id = $1', 'current_timestamp() in a write'],
  [
    'insert into project (company_id, id) values ($1, $2) on conflict (company_id, id) do update set id = gen_random_uuid()',
    'gen_random_uuid() in a write',
  ],
  [
    'merge into project p using profile f on p.company_id = $1 and f.company_id = $1 when matched then do nothing',
    'MERGE',
  ],
];

const GOOD: readonly string[] = [
  'select id from project where company_id = $1',
  'select p.id from project p where $1::uuid = p.company_id and (p.id = $2 or p.name = $3)',
  'select p.id from project p join profile f on f.company_id = $1 and f.id = p.owner_id where p.company_id = $1 for update of p',
  'select p.id from project p left join profile f on f.company_id = $1 and f.id = p.owner_id where p.company_id = $1',
  'select p.id from project p, profile f where p.company_id = $1 and f.company_id = $1',
  'update project set name = $2 where company_id = $1 and id = $3',
  'insert into project (company_id, id) select $1, f.id from profile f where f.company_id = $1',
  'select a.id from country a where a.id = $1',
  'select q.id from quarantine q where q.company_id is null or q.company_id = any($1)',
];

describe('the rules for statements', () => {
  for (const [text, ...faults] of BAD)
    it(`refuse ${text}`, async () => {
      expect(await faultsOf(text)).to.deep.equal(faults);
    });
  for (const text of GOOD)
    it(`allow ${text}`, async () => {
      expect(await faultsOf(text)).to.deep.equal([]);
    });
});
