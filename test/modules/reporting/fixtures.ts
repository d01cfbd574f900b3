import type pg from 'pg';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import type { TestPerson } from '../../support/people.ts';

export interface ExportView {
  readonly id: string;
  readonly status: string;
  readonly rowsDone: number;
  readonly rowsEstimated: number | null;
  readonly rowCount: number | null;
  readonly fileName: string | null;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly downloads: number;
  readonly error: string | null;
  readonly download: string | null;
}

export interface Fetched {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** What a person does with exports, over HTTP. */
export const exporter = async (app: TestApp, person: TestPerson) => {
  const client: Client = await clientOf(app, person);
  const ask = (body: object, headers: Record<string, string> = {}) =>
    client.post('/admin/export', body, { 'idempotency-key': uuidv7(), ...headers });
  const show = async (id: string): Promise<ExportView> =>
    (await client.get(`/admin/export/${id}`).expect(200)).body as ExportView;
  /** Asks, waits until nothing is under way, and answers what became of it. */
  const run = async (body: object): Promise<ExportView> => {
    const { id } = (await ask(body).expect(202)).body as ExportView;
    await app.idle();
    return show(id);
  };
  return { client, ask, show, run };
};

/** Fetches a link as somebody does who has nothing but the link. */
export const fetchLink = async (app: TestApp, link: string | null): Promise<Fetched> => {
  expect(link).to.be.a('string');
  const answer = await app.http
    .get(link!.slice(app.url.length))
    .set('accept-language', 'en')
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(null, Buffer.concat(chunks)));
    });
  return { status: answer.status, headers: answer.headers, body: answer.body as Buffer };
};

export const codeOf = ({ body }: Fetched): string => (JSON.parse(body.toString('utf8')) as { code: string }).code;

export const addSite = async (client: pg.Client, companyId: string, name: string): Promise<string> => {
  const id = uuidv7();
  await client.query(
    `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at)
     values ($1, $2, '/' || $2::uuid || '/', 1, $3, $4, 'America/Santiago', $5, $5)`,
    [companyId, id, id.slice(-12), name, new Date()],
  );
  return id;
};

export const addDepartment = async (client: pg.Client, companyId: string, name: string): Promise<string> => {
  const id = uuidv7();
  await client.query(
    `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
     values ($1, $2, $3, $4, $5, 1, $6, $6)`,
    [companyId, id, id.slice(-12), name, `/${id}/`, new Date()],
  );
  return id;
};

export const addProject = async (client: pg.Client, companyId: string, code: string, name: string): Promise<string> => {
  const id = uuidv7();
  await client.query(
    `insert into project (company_id, id, code, name, status, created_at, updated_at)
     values ($1, $2, $3, $4, 'active', $5, $5)`,
    [companyId, id, code, name, new Date()],
  );
  return id;
};

export const addShift = async (
  client: pg.Client,
  companyId: string,
  profileId: string,
  projectId: string,
  kind: string,
): Promise<string> => {
  const [assignment, id] = [uuidv7(), uuidv7()];
  await client.query(
    `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status,
       created_at, updated_at)
     values ($1, $2, $3, $4, 'Operador', '{}', '2026-01-01', 'active', $5, $5)`,
    [companyId, assignment, profileId, projectId, new Date()],
  );
  await client.query(
    `insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at,
       ends_at, status, created_at, updated_at)
     values ($1, $2, $3, $4, $5, '2026-03-01', $6, 'pattern', 'America/Santiago', '2026-03-01T22:00:00Z',
       '2026-03-02T10:00:00Z', 'done', $7, $7)`,
    [companyId, id, assignment, profileId, projectId, kind, new Date()],
  );
  return id;
};

export interface RequirementFixture {
  readonly profileId: string;
  readonly shiftId?: string;
  readonly shiftDate: string;
  readonly status: string;
  readonly dueAt?: Date;
  readonly siteId?: string;
  readonly projectId?: string;
  readonly kind?: string;
  readonly level?: string;
  readonly hadInvalid?: boolean;
}

export const addRequirement = async (client: pg.Client, companyId: string, one: RequirementFixture): Promise<void> => {
  const due = one.dueAt ?? new Date(`${one.shiftDate}T11:00:00Z`);
  const after = (minutes: number): Date => new Date(due.getTime() + minutes * 60_000);
  await client.query(
    `insert into requirement (company_id, id, profile_id, shift_date, site_id, project_id, kind, definition_code,
       window_from, due_at, grace_until, miss_at, terms, status, high_risk, level, had_invalid, shift_id, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'PVT_B', $8, $9, $10, $10, '{}', $11, false, $12, $13, $14, $9, $9)`,
    [
      companyId,
      uuidv7(),
      one.profileId,
      one.shiftDate,
      one.siteId ?? null,
      one.projectId ?? null,
      one.kind ?? 'pre_shift',
      after(-120),
      due,
      after(30),
      one.status,
      one.level ?? null,
      one.hadInvalid ?? false,
      one.shiftId ?? null,
    ],
  );
};
