import { adminAuthModule } from '../modules/identity/admin-auth/admin-auth.router.ts';
import { createAdminAuth } from '../modules/identity/admin-auth/admin-auth.service.ts';
import { forgetInvitations } from '../modules/identity/invitations/invitations.repository.ts';
import type { Invitations } from '../modules/identity/invitations/invitations.service.ts';
import type { InvitedProfiles } from '../modules/identity/invitations/invited-profiles.ts';
import { OperatorUser, staffList, supportSessionList } from '../modules/identity/staff/staff.repository.ts';
import { staffModule } from '../modules/identity/staff/staff.router.ts';
import { createStaff } from '../modules/identity/staff/staff.service.ts';
import type { Staff } from '../modules/identity/staff/staff.service.ts';
import { createSupport } from '../modules/identity/staff/support.service.ts';
import type { Registration } from '../modules/identity/persons/registration.service.ts';
import { createRegistration } from '../modules/identity/persons/registration.service.ts';
import { apiClientList } from '../modules/identity/api-clients/api-clients.repository.ts';
import { ALIGN_CLIENT, apiClientJobs } from '../modules/identity/api-clients/api-clients.jobs.ts';
import { apiClientsModule } from '../modules/identity/api-clients/api-clients.router.ts';
import { createApiClients } from '../modules/identity/api-clients/api-clients.service.ts';
import { createMachineSessions } from '../modules/identity/sessions/machine-sessions.service.ts';
import type { MachineSessions } from '../modules/identity/sessions/machine-sessions.service.ts';
import { signUpModule } from '../modules/identity/sign-up/sign-up.router.ts';
import { createSignUp } from '../modules/identity/sign-up/sign-up.service.ts';
import type { CompanyFounding } from '../modules/identity/sign-up/sign-up.service.ts';
import { attemptList, forgetAttempts } from '../modules/identity/attempts/attempts.repository.ts';
import { attemptsModule } from '../modules/identity/attempts/attempts.router.ts';
import { createAttempts } from '../modules/identity/attempts/attempts.service.ts';
import { ENDED_SIDS, staleSessionTicks } from '../modules/identity/sessions/stale.jobs.ts';
import { createMe } from '../modules/identity/me/me.service.ts';
import { meModule } from '../modules/identity/me/me.router.ts';
import { createContactChanges } from '../modules/identity/me/contact-changes.service.ts';
import { forgetLegacy } from '../modules/identity/legacy/legacy.repository.ts';
import { createLegacy, LEGACY_RETENTION } from '../modules/identity/legacy/legacy.service.ts';
import type { Legacy } from '../modules/identity/legacy/legacy.service.ts';
import { createNotices } from '../modules/identity/notices/notices.service.ts';
import type { Notices } from '../modules/identity/notices/notices.service.ts';
import { createOtpFigures } from '../modules/identity/otp/otp.figures.ts';
import { forgetOtps } from '../modules/identity/otp/otp.repository.ts';
import { otpJobs } from '../modules/identity/otp/otp.jobs.ts';
import { otpModule } from '../modules/identity/otp/otp.router.ts';
import { createOtps } from '../modules/identity/otp/otp.service.ts';
import { passwordsModule } from '../modules/identity/passwords/passwords.router.ts';
import { createPasswords } from '../modules/identity/passwords/passwords.service.ts';
import { createAlignment } from '../modules/identity/persons/alignment.service.ts';
import type { Alignment } from '../modules/identity/persons/alignment.service.ts';
import { createLogins } from '../modules/identity/persons/logins.ts';
import { createPersonLifecycle } from '../modules/identity/persons/persons.lifecycle.ts';
import {
  markSessionsEnded,
  Person,
  settleSessionsEnded,
  userOf,
} from '../modules/identity/persons/persons.repository.ts';
import { createPersonsAdmin } from '../modules/identity/persons/persons-admin.service.ts';
import { personsModule } from '../modules/identity/persons/persons.router.ts';
import { createPersons } from '../modules/identity/persons/persons.service.ts';
import type { Persons } from '../modules/identity/persons/persons.service.ts';
import { driftList } from '../modules/identity/reconciliation/reconciliation.repository.ts';
import { reconciliationModule } from '../modules/identity/reconciliation/reconciliation.router.ts';
import { createReconciliation } from '../modules/identity/reconciliation/reconciliation.service.ts';
import { createEndings } from '../modules/identity/sessions/endings.service.ts';
import type { Endings } from '../modules/identity/sessions/endings.service.ts';
import { forgetSessions, Session, sessionErasure } from '../modules/identity/sessions/sessions.repository.ts';
import { createSessions } from '../modules/identity/sessions/sessions.service.ts';
import type { Sessions } from '../modules/identity/sessions/sessions.service.ts';
import { SESSIONS_SETTING } from '../modules/identity/sessions/settings.ts';
import { signInModule } from '../modules/identity/sign-in/sign-in.router.ts';
import { createSignIn } from '../modules/identity/sign-in/sign-in.service.ts';
import { createTokens } from '../modules/identity/sign-in/tokens.service.ts';
import { nationalIdHashes } from '../modules/organization/profiles/national-id.ts';
import type { BulkInviting } from '../modules/workforce/ports.ts';
import type { Tx } from '../platform/db/database.ts';
import { createOperatorRepository } from '../platform/db/operator-repository.ts';
import type { Authentication } from '../platform/http/authentication.ts';
import type { Module } from '../platform/http/module.ts';
import { wireInvitations } from './invitations.ts';
import type { Platform } from './platform.ts';

/** What identity needs from the rest of the system, some of it known only once everything is wired. */
export interface IdentityNeeds {
  readonly authentication: Pick<Authentication, 'verify' | 'verifyLogout' | 'forget'>;
  /** The profiles that invitations are about. */
  readonly invited: () => InvitedProfiles;
  /** Founds the company that somebody signs up. */
  readonly companies: () => CompanyFounding;
}

export interface Identity {
  readonly modules: readonly Module[];
  readonly sessions: Sessions;
  readonly persons: Persons;
  readonly alignment: Alignment;
  /** For organization: admins sign people of theirs out. */
  readonly endings: Endings;
  readonly invitations: Invitations;
  /** For batch uploads. */
  readonly bulkInviting: BulkInviting;
  readonly notices: Pick<Notices, 'send'>;
  /** What the operator has of a login beside its row goes; in the operator's transaction. */
  readonly forget: (tx: Tx, personId: string) => Promise<void>;
  /** For the command that makes the first superadmin. */
  readonly staff: Staff;
  /** For the command that imports passwords of an older system. */
  readonly legacy: Pick<Legacy, 'take'>;
}

/** What the operator has of a login beside its row. */
const FORGOTTEN = [forgetOtps, forgetAttempts, forgetInvitations, forgetSessions, forgetLegacy];

const wireApiClients = (platform: Platform, sessions: MachineSessions): Module => {
  const parts = platform.crud(apiClientList);
  const service = createApiClients({ ...platform, ...parts, sessions });
  return apiClientsModule({ ...parts, service, jobs: apiClientJobs({ ...platform, ...parts }) });
};

interface StaffNeeds {
  readonly persons: Persons;
  readonly registration: Registration;
  readonly invitations: Invitations;
  readonly sessions: Sessions;
  readonly endSessions: (personId: string, because: string, traceId: string) => Promise<void>;
}

const wireStaff = (platform: Platform, needs: StaffNeeds): { module: Module; staff: Staff } => {
  const list = platform.list(staffList);
  const supportList = platform.list(supportSessionList);
  const repository = createOperatorRepository(OperatorUser, platform.changes);
  const staff = createStaff({ ...platform, ...needs, repository, list });
  const support = createSupport({ ...platform, ...needs, list: supportList });
  return { staff, module: staffModule({ staffList: list, supportList, staff, support }) };
};

/** Persons, sign-in, sessions. */
export const wireIdentity = (platform: Platform, { authentication, invited, companies }: IdentityNeeds): Identity => {
  const repository = platform.repository(Session);
  const endings = createEndings({
    ...platform,
    repository,
    marks: { ended: markSessionsEnded, userOf, settled: settleSessionsEnded },
    forget: (sid) => authentication.forget(sid),
  });
  const sessions = createSessions({ ...platform, repository, endAtProvider: (sid) => endings.endAtProvider(sid) });
  const endSessions = async (personId: string, because: string, traceId: string, at?: Date): Promise<void> => {
    await endings.endAll(personId, { because, traceId }, at && { at });
  };
  const people = createOperatorRepository(Person, platform.changes);
  const lifecycle = createPersonLifecycle(platform.enqueue, (tx, id, because) => endings.endSoon(tx, id, because));
  const persons = createPersons({
    ...platform,
    repository: people,
    mover: platform.mover(lifecycle, people),
    rutHashes: (companyId, rut) => nationalIdHashes(platform.keys.lookup, companyId, 'RUT', rut),
  });
  const logins = createLogins({ ...persons, users: platform.identityProvider.users });
  const alignment = createAlignment({ ...platform, repository: people, logins, endSessions });
  const notices = createNotices({ ...platform, persons });
  const legacy = createLegacy({ ...platform, persons, logins, notices });
  const signIn = createSignIn({ ...platform, authentication, persons, legacy, sessions, endings });
  const tokens = createTokens({ ...platform, authentication, signIn, sessions, endings, persons });
  const count = createOtpFigures(platform.metrics);
  const otps = createOtps({ ...platform, persons, signIn, count });
  const otpWork = otpJobs({ ...platform, persons, signIn, otps, count });
  const passwords = createPasswords({ ...platform, persons, legacy, otps, alignment, endings, notices });
  const contacts = createContactChanges({ ...platform, persons, otps, notices });
  const registration = createRegistration({ ...platform, persons, logins, legacy });
  const {
    invitations,
    bulkInviting,
    modules: inviting,
  } = wireInvitations(platform, { persons, registration, profiles: invited });
  const operators = wireStaff(platform, { persons, registration, invitations, sessions, endSessions });
  const attempts = platform.list(attemptList);
  const me = createMe({
    ...platform,
    persons,
    sessions,
    endings,
    takesCodes: (personId, companyId) => signIn.allowsOtp(personId, [{ kind: 'id', value: companyId }]),
  });
  return {
    modules: [
      personsModule({
        service: createPersonsAdmin({ ...platform, persons, endings, notices, invitations }),
        lifecycle,
        jobs: alignment.jobs,
      }),
      reconciliationModule({
        ...platform,
        ...createReconciliation({
          ...platform,
          persons,
          logins,
          alignClient: (tx, id) => platform.enqueue(tx, ALIGN_CLIENT, { id }),
        }),
        list: platform.list(driftList),
      }),
      signUpModule(createSignUp({ persons, registration, otps, companies })),
      operators.module,
      wireApiClients(platform, createMachineSessions(repository)),
      {
        name: 'sessions',
        settings: [SESSIONS_SETTING],
        ticks: staleSessionTicks(platform.db, repository),
        retentions: [ENDED_SIDS],
        jobs: endings.jobs,
        erasures: [sessionErasure],
      },
      attemptsModule({
        attempts: createAttempts({ ...platform, persons, alignment, endings, notices, list: attempts }),
        list: attempts,
      }),
      signInModule({ signIn, tokens }),
      meModule(me, contacts),
      adminAuthModule({ adminAuth: createAdminAuth({ ...platform, signIn }), signIn, tokens, me }),
      passwordsModule({
        passwords,
        forgotten: (request, context) => otps.ask({ ...request, purpose: 'reset' }, context),
      }),
      otpModule({ otps, ...otpWork }),
      { name: 'notices', jobs: notices.jobs },
      { name: 'legacy', ticks: legacy.ticks, retentions: [LEGACY_RETENTION] },
      ...inviting,
    ],
    sessions,
    persons,
    alignment,
    endings,
    invitations,
    bulkInviting,
    notices,
    forget: async (tx, personId) => {
      for (const forgotten of FORGOTTEN) await forgotten(tx, personId);
    },
    staff: operators.staff,
    legacy,
  };
};
