import Type from 'typebox';
import type { LiveSession } from '../../../platform/access/directory.ts';
import { exact, instant, nullable, uuid } from '../../../platform/schema/types.ts';

const SESSION = {
  id: uuid(),
  kind: Type.String(),
  client: Type.String(),
  device: nullable(Type.String({ description: 'Browser and system.', examples: ['Chrome, Windows 10'] })),
  address: nullable(Type.String()),
  agent: nullable(Type.String()),
  createdAt: instant(),
  lastSeenAt: instant(),
  expiresAt: instant(),
};
const COMPANY = exact({ id: uuid(), name: Type.String() });
const MOST = { maxItems: 500 };

/** A person's own sessions. */
export const SessionsView = exact({
  items: Type.Array(exact({ ...SESSION, current: Type.Boolean(), company: COMPANY }), MOST),
});

/** Sessions of a person in every company, for operator staff. */
export const PersonSessionsView = exact({ items: Type.Array(exact({ ...SESSION, company: COMPANY }), MOST) });

/** Sessions of a profile in its company, for the company's admins. */
export const ProfileSessionsView = exact({ items: Type.Array(exact(SESSION), MOST) });

/** A session as those see it who may see its company: nothing that it could be told by at the identity provider. */
export const showSession = ({ companyId, companyName, profileId: _profile, sid: _sid, ...session }: LiveSession) => ({
  ...session,
  company: { id: companyId, name: companyName },
});
