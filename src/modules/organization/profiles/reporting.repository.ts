import { day, entity, nullable, uuid } from '../../../platform/module.ts';
import { asIf } from '../../../platform/db/attempt.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import type { Later } from '../roles/lines.ts';

/** Who reported to whom, from when until when. One line a person lives; lines that ended are its history. */
export const ReportingLine = entity({
  table: 'reporting_line',
  fields: {
    subordinateId: uuid(),
    superiorId: uuid(),
    startsOn: day(),
    endsOn: nullable(day({ description: 'The first day on which they did not report to them any more' })),
  },
  create: [],
  edit: [],
});
export type ReportingLineRow = RowOf<typeof ReportingLine>;

const SHOWN = `id, subordinate_id as "subordinateId", superior_id as "superiorId", starts_on as "startsOn", ends_on as "endsOn"`;

export type ShownLine = Pick<ReportingLineRow, 'id' | 'subordinateId' | 'superiorId' | 'startsOn' | 'endsOn'>;

/** Lines of a person towards superiors, the newest first. */
export const linesOf = (reader: Reader, subordinateId: string): Promise<ShownLine[]> =>
  reader.prepared(
    `select ${SHOWN} from reporting_line where company_id = $1 and subordinate_id = $2 and deleted_at is null
     order by id desc limit 200`,
    [reader.companyId, subordinateId],
  );

/** Ids of the lines of all who report to somebody now. */
export const linesTo = async (reader: Reader, superiorId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from reporting_line
     where company_id = $1 and superior_id = $2 and ends_on is null and deleted_at is null order by id`,
    [reader.companyId, superiorId],
  );
  return rows.map(({ id }) => id);
};

/** To whom somebody reports now, unless that one left. */
export const superiorOf = async (reader: Reader, subordinateId: string): Promise<string | undefined> => {
  const [row] = await reader.prepared<{ id: string }>(
    `select p.id from reporting_line line join profile p on p.company_id = $1 and p.id = line.superior_id
     where line.company_id = $1 and line.subordinate_id = $2 and line.ends_on is null and line.deleted_at is null
       and p.status <> 'ended' and p.deleted_at is null`,
    [reader.companyId, subordinateId],
  );
  return row?.id;
};

/** Inserts many new lines in one statement; the closure is for whoever calls. */
export const insertLines = async (
  tx: Tx,
  lines: readonly Pick<ReportingLineRow, 'id' | 'subordinateId' | 'superiorId' | 'startsOn'>[],
): Promise<void> => {
  await tx.prepared(
    `insert into reporting_line (company_id, id, subordinate_id, superior_id, starts_on, created_at, created_by,
       updated_at, updated_by)
     select $1, n.id, n."subordinateId", n."superiorId", n."startsOn", $3, $4, $3, $4
     from jsonb_to_recordset($2) as n(id uuid, "subordinateId" uuid, "superiorId" uuid, "startsOn" date)`,
    [tx.companyId, JSON.stringify(lines), tx.now, tx.scope.actor.id],
  );
};

/** Whether `superiorId` stands at or below `subordinateId`. */
export const standsBelow = async (reader: Reader, superiorId: string, subordinateId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    'select 1 from reporting_closure where company_id = $1 and superior_id = $2 and subordinate_id = $3',
    [reader.companyId, subordinateId, superiorId],
  );
  return superiorId === subordinateId || rows.length > 0;
};

/** A person and everyone below. */
export const withAllBelow = async (reader: Reader, id: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    'select subordinate_id as id from reporting_closure where company_id = $1 and superior_id = $2',
    [reader.companyId, id],
  );
  return [id, ...rows.map((row) => row.id)];
};

/** Takes a person, with everyone below, out from under all superiors. */
export const detach = async (tx: Tx, id: string): Promise<void> => {
  await tx.prepared(
    `delete from reporting_closure where company_id = $1
       and superior_id in (select up.superior_id from reporting_closure up where up.company_id = $1 and up.subordinate_id = $2)
       and subordinate_id in (select $2::uuid union all
         select down.subordinate_id from reporting_closure down where down.company_id = $1 and down.superior_id = $2)`,
    [tx.companyId, id],
  );
};

/** Takes everyone below a person out from under them, and from under everyone above. */
export const release = async (tx: Tx, id: string): Promise<void> => {
  await tx.prepared(
    `delete from reporting_closure where company_id = $1
       and superior_id in (select $2::uuid union all
         select up.superior_id from reporting_closure up where up.company_id = $1 and up.subordinate_id = $2)
       and subordinate_id in (select down.subordinate_id from reporting_closure down
         where down.company_id = $1 and down.superior_id = $2)`,
    [tx.companyId, id],
  );
};

/** Puts people of whom none stands below another, with everyone below them, under a superior and everyone above that one. */
export const attach = async (tx: Tx, ids: readonly string[], superiorId: string): Promise<void> => {
  await tx.prepared(
    `with above as (select superior_id, depth from reporting_closure where company_id = $1 and subordinate_id = $3
        union all select $3::uuid, 0),
      below as (select subordinate_id, depth from reporting_closure where company_id = $1 and superior_id = any($2)
        union all select unnest($2::uuid[]), 0)
     insert into reporting_closure (company_id, superior_id, subordinate_id, depth)
     select $1, above.superior_id, below.subordinate_id, above.depth + below.depth + 1 from above cross join below`,
    [tx.companyId, ids, superiorId],
  );
};

/** Ids of those whose time ends, of these people and those above them, but one. */
const leavingOf = async (reader: Reader, ids: readonly string[], but: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select p.id from profile p where p.company_id = $1 and p.expires_at is not null and p.status <> 'ended'
       and p.deleted_at is null and p.id <> $3
       and (p.id = any($2::uuid[]) or exists (select 1 from reporting_closure c
         where c.company_id = $1 and c.superior_id = p.id and c.subordinate_id = any($2::uuid[])))
     order by p.id`,
    [reader.companyId, ids, but],
  );
  return rows.map(({ id }) => id);
};

/** Takes a person out of the closure: their direct reports come below their superior. */
const passOver = async (tx: Tx, id: string): Promise<void> => {
  const rows = await tx.prepared<{ above: string | null; below: string | null }>(
    `select case when subordinate_id = $2 then superior_id end as above,
       case when superior_id = $2 then subordinate_id end as below
     from reporting_closure where company_id = $1 and depth = 1 and (superior_id = $2 or subordinate_id = $2)`,
    [tx.companyId, id],
  );
  const above = rows.flatMap((row) => row.above ?? []);
  const below = rows.flatMap((row) => row.below ?? []);
  await release(tx, id);
  for (const superiorId of above) await attach(tx, below, superiorId);
};

/** What is found once those of these lines left whose time ends, and `leaving`; undefined where nobody leaves. */
export const onceTheyLeft: Later = async (tx, { ids, leaving, but }, look) => {
  const leavers = new Set([...(await leavingOf(tx, ids, but)), ...leaving]);
  if (leavers.size === 0) return undefined;
  return asIf(tx, async () => {
    for (const id of leavers) await passOver(tx, id);
    return look();
  });
};
