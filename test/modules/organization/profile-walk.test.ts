import { expect } from 'chai';
import fc from 'fast-check';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

interface Profile {
  id: string;
  version: number;
  status: string;
}

const PASSWORD = 'grapas y caballos';
const HOUR = 3_600_000;
const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  draft: { invite: 'invited', end: 'ended', expire: 'ended', erase: 'erased' },
  invited: { resend: 'invited', withdraw: 'draft', accept: 'active', end: 'ended', expire: 'ended' },
  active: { suspend: 'suspended', end: 'ended', expire: 'ended' },
  suspended: { resume: 'active', expire: 'ended', erase: 'erased' },
  ended: { rejoin: 'draft', erase: 'erased' },
  erased: {},
};
const BODIES: Readonly<Record<string, object | undefined>> = {
  suspend: { reason: 'x' },
  end: { reason: 'x' },
  erase: { reason: 'x' },
};

describe('a walk through the states of a profile', () => {
  let app: TestApp;
  let companyId: string;
  let hr: TestPerson;
  let admin: Client;
  let made = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    hr = await addPerson(app, { companyId, roles: ['owner'] });
    admin = await clientOf(app, hr);
  });
  after(() => app.close());

  /** An erased profile has ended, and more. */
  const read = async (id: string): Promise<Profile> => {
    const { erasedAt, ...row } = (await admin.get(`/admin/profile/${id}`).expect(200)).body as Profile & {
      erasedAt: string | null;
    };
    return erasedAt === null ? row : { ...row, status: 'erased' };
  };

  const soon = (): string => new Date(app.clock.now().getTime() + HOUR).toISOString();

  const newcomer = async (): Promise<{ profile: Profile; email: string }> => {
    made += 1;
    const email = `walker${made}@example.cl`;
    const body = {
      firstName: 'Wal',
      lastName: 'Ker',
      kind: 'temporary',
      contactEmail: email,
      expiresAt: soon(),
    };
    return { profile: (await admin.post('/admin/profile', body).expect(201)).body as Profile, email };
  };

  /** The invited person follows the newest link; the status of the answer. */
  const accept = async (email: string): Promise<number> => {
    await app.idle();
    const mail = app.messages.mails.findLast(({ to }) => to === email);
    const token = /token=(\S+)/.exec(mail?.text ?? '')?.[1] ?? 'none';
    return (await app.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD })).status;
  };

  const step = async (name: string, profile: Profile, email: string): Promise<void> => {
    const to = NEXT[profile.status]![name];
    if (name === 'accept') {
      const status = await accept(email);
      if (to !== undefined) expect(status).to.equal(200);
      return;
    }
    if (name === 'expire') {
      const mover = app.platform.movers.get('profile')!;
      app.clock.set(new Date(Date.now() + 2 * HOUR));
      await mover.fallDue({ scope: scopeOf(companyId) }, profile.id, 'expire');
      app.clock.set(undefined);
      return;
    }
    const answer = await admin.post(
      `/admin/profile/${profile.id}/${name}`,
      name === 'rejoin' ? { reason: 'x', expiresAt: soon() } : (BODIES[name] ?? {}),
      version(profile.version),
    );
    expect(answer.status).to.equal(to === undefined ? 409 : 200);
    if (to === undefined)
      expect((answer.body as { code: string }).code).to.equal(
        profile.status === 'erased' && ['erase', 'rejoin'].includes(name) ? 'PROFILE_ERASED' : 'INVALID_TRANSITION',
      );
  };

  it('reaches what the table names and nothing else; who is active signs in, the rest do not; who joined once is linked until they are erased', async function run() {
    this.timeout(120_000);
    const names = fc.constantFrom(
      'invite',
      'resend',
      'withdraw',
      'accept',
      'suspend',
      'resume',
      'end',
      'expire',
      'rejoin',
      'erase',
    );
    const leading = fc.constantFrom<string[]>(
      [],
      ['invite'],
      ['invite', 'accept'],
      ['invite', 'accept', 'suspend'],
      ['invite', 'accept', 'end', 'rejoin'],
    );
    const database = await app.database.superuser();
    await fc.assert(
      fc.asyncProperty(leading, fc.array(names, { minLength: 2, maxLength: 6 }), async (first, rest) => {
        const { profile, email } = await newcomer();
        let current = profile;
        let hasJoined = false;
        for (const name of [...first, ...rest]) {
          const expected = NEXT[current.status]![name] ?? current.status;
          await step(name, current, email);
          current = await read(profile.id);
          expect(current.status, `after ${name}`).to.equal(expected);
          const { rows } = await database.query<{ linked: boolean }>(
            'select person_id is not null as linked from profile where id = $1',
            [profile.id],
          );
          hasJoined ||= current.status === 'active';
          expect(rows[0]!.linked, `linked after ${name}`).to.equal(hasJoined && current.status !== 'erased');
          const signIn = await app.http.post('/angelis/auth/sign-in').send({ identifier: email, password: PASSWORD });
          expect(signIn.status === 200, `sign-in while ${current.status}`).to.equal(current.status === 'active');
        }
        const actions = await admin.get(`/admin/profile/${profile.id}/actions`).expect(200);
        const allowed = (actions.body as { items: { move: string; allowed: boolean }[] }).items
          .filter((action) => action.allowed)
          .map(({ move }) => move);
        const asked = Object.keys(NEXT[current.status]!).filter((name) => name !== 'accept' && name !== 'expire');
        expect(allowed).to.have.members(asked);
      }),
      { numRuns: 12 },
    );
  });

  it('asks nobody without an address', async () => {
    const body = { firstName: 'Sin', lastName: 'Correo', kind: 'employee' };
    const { id } = (await admin.post('/admin/profile', body).expect(201)).body as Profile;
    const refused = await admin.post(`/admin/profile/${id}/invite`, {}, version(1)).expect(409);
    expect((refused.body as { code: string }).code).to.equal('PROFILE_WITHOUT_EMAIL');
    const actions = await admin.get(`/admin/profile/${id}/actions`).expect(200);
    expect((actions.body as { items: object[] }).items).to.deep.include({
      move: 'invite',
      allowed: false,
      reason: 'PROFILE_WITHOUT_EMAIL',
    });
  });

  it('writes to the language that was asked for', async () => {
    const { profile, email } = await newcomer();
    await admin.post(`/admin/profile/${profile.id}/invite`, { locale: 'fr' }, version(1)).expect(200);
    await app.idle();
    const french = app.messages.mails.findLast(({ to }) => to === email);
    await admin.post(`/admin/profile/${profile.id}/resend`, { locale: 'es' }, version(2)).expect(200);
    await app.idle();
    const spanish = app.messages.mails.findLast(({ to }) => to === email);
    expect(spanish?.subject).not.to.equal(french?.subject);
  });
});
