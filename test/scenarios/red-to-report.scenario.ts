import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { KINDS } from '../modules/fitness/sources/place.ts';
import type { SourcePlace } from '../modules/fitness/sources/place.ts';
import { addLogin, addReportingLine } from '../support/people.ts';
import { trialsOf } from '../support/sources.ts';
import type { TestSystem } from '../support/system.ts';
import { eventually, PASSWORD, signInByPassword, signInOnAdmin } from './people.ts';

const ROLES = ['worker', 'supervisor', 'manager', 'auditor'] as const;
type Role = (typeof ROLES)[number];

/** Both sources and the system that reads them. */
export interface FedSystem {
  readonly system: TestSystem;
  readonly safer: SourcePlace;
  readonly fit2000: SourcePlace;
  readonly close: () => Promise<void>;
}

interface CaseView {
  readonly id: string;
  readonly status: string;
  readonly version: number;
}

/** The main job: what a device measured becomes a hold, a case, a decision, an answer at the gate and a report. */
export const redToReportScenario = (name: string, start: () => Promise<FedSystem>): void =>
  void describe(`from a red test to the report on ${name}`, () => {
    const chief = `${randomUUID()}@example.cl`;
    let fed: FedSystem;
    let companyId: string;
    let slug: string;
    let people: Readonly<Record<Role, { profileId: string; token: string }>>;
    let caseId: string;

    const as = (role: Role) => ({ authorization: `Bearer ${people[role].token}`, 'accept-language': 'es' });
    const read = async <Body>(role: Role, path: string): Promise<Body> => {
      const { status, body } = await fed.system.http.get(`/angelis${path}`).set(as(role));
      expect(status, JSON.stringify(body)).to.equal(200);
      return body as Body;
    };
    const send = (role: Role, path: string, body: object, headers: Record<string, string> = {}) =>
      fed.system.http
        .post(`/angelis${path}`)
        .set({ ...as(role), ...headers })
        .send(body);
    const caseOf = () => read<CaseView>('supervisor', `/fitness/cases/${caseId}`);
    const move = async (role: Role, step: string, body: object): Promise<string> => {
      const { version } = await caseOf();
      const answer = await send(role, `/fitness/cases/${caseId}/${step}`, body, { 'if-match': `"${version}"` });
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
      return (answer.body as CaseView).status;
    };
    /** A device writes a test of somebody into SaferApp: `mean` is that of the answers in ms. */
    const test = (id: number, mean: number) =>
      fed.safer.add([
        { ...KINDS.SAFER.row(id, slug, 'W-1', new Date()), TrialsMs: JSON.stringify(trialsOf(mean)), Flags: null },
      ]);

    before(async () => {
      fed = await start();
      const { system } = fed;
      companyId = await system.addCompany();
      slug = `c-${companyId.slice(-12)}`;
      const enter = async (role: Role) => {
        const email = role === 'supervisor' ? chief : `${randomUUID()}@example.cl`;
        const person = await addLogin(system, { companyId, roles: [role], login: { email, password: PASSWORD } });
        // The trail is read on the administration.
        const { accessToken: token } = await (role === 'auditor'
          ? signInOnAdmin(system, email)
          : signInByPassword(system, email, '198.51.100.1'));
        return [role, { ...person, token }] as const;
      };
      const entered = Object.fromEntries(await Promise.all(ROLES.map(enter)));
      people = entered as unknown as typeof people;
      const { worker, supervisor, manager } = entered;
      await addReportingLine(system, supervisor!, worker!);
      await addReportingLine(system, manager!, supervisor!);
      const client = await system.database.superuser();
      await client.query('update profile set contact_email = $2 where id = $1', [supervisor!.profileId, chief]);
      for (const source of ['SAFER', 'FIT2000'])
        await client.query(
          `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
           values ($1, $2, $3, 'W-1', $4, $5, $5)`,
          [companyId, uuidv7(), source, worker!.profileId, new Date()],
        );
    });
    after(() => fed.close());

    it('reads both sources, holds the person, and calls the supervisor by mail', async () => {
      await test(1, 800);
      await fed.fit2000.add([{ ...KINDS.FIT2000.row(1, slug, 'W-1', new Date()), risk: 'LOW' }]);
      await eventually(async () => {
        const board = await read<{ items: { hold: { level: string } | null }[] }>('supervisor', '/supervisor/board');
        return board.items.some(({ hold }) => hold?.level === 'red');
      });
      await eventually(async () => (await fed.system.mailsOf(chief)).length > 0);
      const client = await fed.system.database.superuser();
      await eventually(async () => {
        const { rows } = await client.query('select distinct source from test_result where company_id = $1', [
          companyId,
        ]);
        return rows.length === 2;
      });
      const { items } = await read<{ items: CaseView[] }>(
        'supervisor',
        `/fitness/cases?profileId=${people.worker.profileId}&status=open`,
      );
      expect(items).to.have.length(1);
      caseId = items[0]!.id;
      const today = await read<{ case: { next: { step: string } } }>('worker', '/worker/today');
      expect(today.case.next.step).to.equal('WAIT_FOR_SUPERVISOR');
    }).timeout(60_000);

    it('goes through acknowledgment, rest and retest to the manager’s decision', async () => {
      expect(await move('supervisor', 'acknowledge', {})).to.equal('acknowledged');
      expect(await move('supervisor', 'rest', { nap: false })).to.equal('resting');
      const client = await fed.system.database.superuser();
      await client.query(`update fitness_case set rest_until = rest_from + interval '1 ms' where id = $1`, [caseId]);
      await client.query(`update due_move set due_at = now() where entity_id = $1 and move = 'end_rest'`, [caseId]);
      await eventually(async () => (await caseOf()).status === 'awaiting_retest');
      await test(2, 270);
      await eventually(async () => (await caseOf()).status.startsWith('retested'));
      const status = await move('manager', 'decide', {
        decision: 'cleared_with_restrictions',
        assessment: { sleepHistory: 'Durmió cuatro horas', observation: 'Despierta, habla claro' },
        note: 'Trabajo en tierra, acompañada, hasta el fin del turno',
        restrictions: { noDriving: true, accompanied: true, noHeights: true, until: null, recheckAt: null },
      });
      expect(status).to.equal('decided');
    }).timeout(60_000);

    it('answers at the gate, and stands in the trail with all its moves', async () => {
      const gate = await send('manager', '/gate/decisions', {
        profileId: people.worker.profileId,
        purpose: 'shift_start',
      });
      expect([200, 201]).to.include(gate.status);
      const { reasons } = gate.body as { reasons: { code: string }[] };
      expect(reasons.map(({ code }) => code)).to.not.include('RED_UNDECIDED');
      const moves = ['open', 'acknowledge', 'rest', 'end_rest', 'decide'].map((one) => `fitness_case.${one}`);
      await eventually(async () => {
        const { items } = await read<{ items: { action: string }[] }>(
          'auditor',
          `/admin/auditLog?entity=fitness_case&entityId=${caseId}`,
        );
        return moves.every((one) => items.some(({ action }) => action === one));
      });
    }).timeout(60_000);

    it('is in the report, in PDF and CSV, behind links that say who asked', async () => {
      const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
      const filters = { from: day(-30), to: day(0) };
      const compliance = await read<{ lines: unknown[] }>(
        'manager',
        `/fitness/compliance?by=site&from=${filters.from}&to=${filters.to}`,
      );
      expect(compliance.lines).to.be.an('array');
      for (const [format, begins] of [
        ['pdf', '%PDF-'],
        ['csv', ''],
      ] as const) {
        const wish = { kind: 'compliance', format, locale: 'es', filters };
        const asked = await send('manager', '/manager/export', wish, { 'idempotency-key': uuidv7() });
        expect(asked.status, JSON.stringify(asked.body)).to.equal(202);
        const path = `/manager/export/${(asked.body as { id: string }).id}`;
        await eventually(async () => (await read<{ status: string }>('manager', path)).status === 'ready');
        const { download, size, sha256 } = await read<{ download: string; size: number; sha256: string }>(
          'manager',
          path,
        );
        const file = Buffer.from(await (await fetch(download)).arrayBuffer());
        expect(file).to.have.length(size);
        expect(file.subarray(0, begins.length).toString()).to.equal(begins);
        expect(createHash('sha256').update(file).digest('hex')).to.equal(sha256);
      }
    }).timeout(60_000);
  });
