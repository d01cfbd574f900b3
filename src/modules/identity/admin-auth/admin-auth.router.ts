import Type from 'typebox';
import type { Static } from 'typebox';
import type { SignInClient, TokenSet } from '../../../platform/identity-provider/port.ts';
import { exact, noContent, ok, okRow, route } from '../../../platform/module.ts';
import type { Context, Module } from '../../../platform/module.ts';
import { MeView } from '../me/me-schemas.ts';
import { RefreshBody, SignedInView } from '../sign-in/sign-in-schemas.ts';
import type { AdminAuth } from './admin-auth.service.ts';

interface AdminAuthRouterDependencies {
  readonly adminAuth: AdminAuth;
  readonly signIn: {
    refresh(refreshToken: string, clients: readonly SignInClient[]): Promise<Static<typeof SignedInView>>;
  };
  readonly tokens: { logout(context: Context): Promise<void> };
  readonly me: { read(context: Context): Promise<Static<typeof MeView>> };
}

const toView = ({ accessToken, expiresIn, refreshToken, refreshExpiresIn }: TokenSet): Static<typeof SignedInView> => ({
  tokenType: 'Bearer',
  accessToken,
  expiresIn,
  refreshToken,
  refreshExpiresIn,
});
const optional = Type.Optional(Type.String({ maxLength: 2_000 }));

/** /admin/auth */
export const adminAuthModule = ({ adminAuth, signIn, tokens, me }: AdminAuthRouterDependencies): Module => ({
  name: 'admin-auth',
  base: '/admin/auth',
  routes: [
    route(
      {
        method: 'get',
        path: '/start',
        id: 'startAdminSignIn',
        summary: 'Go to the sign-in page',
        description:
          'The address to come back to is one of ADMIN_REDIRECT_URIS, as it stands there; default: the callback here.',
        permission: 'public',
        rate: 'sign-in-start',
        query: exact({ redirectUri: Type.Optional(Type.String({ format: 'uri', maxLength: 500 })) }),
        responses: { 302: null },
      },
      ({ query }) => {
        const { location, cookie } = adminAuth.start(query.redirectUri);
        const headers = { Location: location, 'Set-Cookie': cookie, 'Cache-Control': 'no-store' };
        return Promise.resolve({ status: 302 as const, body: null, headers });
      },
    ),
    route(
      {
        method: 'get',
        path: '/callback',
        id: 'finishAdminSignIn',
        summary: 'Tokens for the code that the sign-in page gave',
        permission: 'public',
        rate: 'sign-in',
        query: exact({
          state: Type.String({ minLength: 1, maxLength: 200 }),
          code: optional,
          session_state: optional,
          iss: optional,
          error: optional,
          error_description: optional,
        }),
        responses: { 200: SignedInView },
      },
      async ({ query: { code, state }, request }) => {
        const done = await adminAuth.callback({ code, state }, request.headers.cookie);
        return { ...ok(toView(done.tokens)), headers: { 'Set-Cookie': done.cookie, 'Cache-Control': 'no-store' } };
      },
    ),
    route(
      {
        method: 'post',
        path: '/refresh',
        id: 'refreshAdminSession',
        summary: 'New tokens for a session that lives; the refresh token is spent',
        permission: 'public',
        rate: 'refresh',
        body: RefreshBody,
        responses: { 200: SignedInView },
      },
      async ({ body }) => ({
        ...ok(await signIn.refresh(body.refreshToken, ['angelis-admin'])),
        headers: { 'Cache-Control': 'no-store' },
      }),
    ),
    route(
      {
        method: 'post',
        path: '/logout',
        id: 'logOutAdmin',
        summary: 'End this session',
        permission: 'signed-in',
        clients: ['admin'],
        endsSession: true,
        responses: { 204: null },
      },
      async (_input, context) => {
        await tokens.logout(context);
        return noContent;
      },
    ),
    route(
      {
        method: 'get',
        path: '/me',
        id: 'readAdminMe',
        summary: 'Who I am here',
        permission: 'signed-in',
        clients: ['admin'],
        responses: { 200: MeView },
      },
      async (_input, context) => okRow(await me.read(context)),
    ),
  ],
});
