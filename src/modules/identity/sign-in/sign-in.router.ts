import type { Request } from 'express';
import { readForm } from '../../../platform/http/form.ts';
import type { Form } from '../../../platform/http/form.ts';
import type { Module } from '../../../platform/http/module.ts';
import { perRequest } from '../../../platform/http/per-request.ts';
import { noContent, ok, route } from '../../../platform/http/route.ts';
import type { RateOf, Route } from '../../../platform/http/route.ts';
import {
  Credentials,
  IntrospectionView,
  RefreshBody,
  SignedInToView,
  SignedInView,
  TokenAnswerView,
} from './sign-in-schemas.ts';
import { inOAuth } from './oauth.ts';
import { OTP_SIGN_IN_SETTING } from './settings.ts';
import type { SignIn } from './sign-in.service.ts';
import type { Tokens } from './tokens.service.ts';

const FORM = 'application/x-www-form-urlencoded';
const secret = <B>(body: B) => ({ ...ok(body), headers: { 'Cache-Control': 'no-store' } });

interface SignInRouterDependencies {
  readonly signIn: SignIn;
  readonly tokens: Tokens;
}

/** The token endpoint. */
const tokenRoute = (tokens: Tokens): Route => {
  const forms = perRequest<Promise<Form>>();
  /** Reads a request's form once, whoever asks. */
  const formOf = (request: Request): Promise<Form> => {
    const form = forms.of(request) ?? readForm(request);
    forms.keep(request, form);
    return form;
  };
  /** A site behind one address refreshes by the hundred a minute, and signs in by a few. What cannot be read counts as a guess. */
  const rate: RateOf = (request) =>
    formOf(request).then(
      (form) => (form.get('grant_type') === 'refresh_token' ? 'refresh' : 'sign-in'),
      () => 'sign-in',
    );
  return route(
    {
      method: 'post',
      path: '/token',
      id: 'issueToken',
      summary: 'OAuth 2 token endpoint: authorization_code, refresh_token, client_credentials',
      description:
        'A machine client says who it is by HTTP Basic or in the form; `scope` narrows its token to some of its scopes. What it refuses has the `error` of RFC 6749 beside `code`.',
      permission: 'public',
      rate,
      consumes: FORM,
      responses: { 200: TokenAnswerView },
    },
    async ({ request }) =>
      secret(await inOAuth(async () => tokens.token(await formOf(request), request.get('authorization')))),
  );
};

/** /auth */
export const signInModule = ({ signIn, tokens }: SignInRouterDependencies): Module => ({
  name: 'sign-in',
  base: '/auth',
  settings: [OTP_SIGN_IN_SETTING],
  routes: [
    route(
      {
        method: 'post',
        path: '/sign-in',
        id: 'signIn',
        summary: 'Sign in with RUT or email and password',
        description:
          'The company is the one that X-Company-Slug, X-Company-Id, host or path names, else the one used last. A RUT names somebody in a company, which must be named.',
        permission: 'public',
        rate: 'sign-in',
        body: Credentials,
        responses: { 200: SignedInToView },
      },
      async ({ body }, context) => secret(await signIn.withPassword(body, context)),
    ),
    route(
      {
        method: 'post',
        path: '/refresh',
        id: 'refreshSession',
        summary: 'New tokens for a session that lives; the refresh token is spent',
        permission: 'public',
        rate: 'refresh',
        body: RefreshBody,
        responses: { 200: SignedInView },
      },
      async ({ body }) => secret(await signIn.refresh(body.refreshToken, ['angelis-worker', 'angelis-otp'])),
    ),
    route(
      {
        method: 'post',
        path: '/logout',
        id: 'logOut',
        summary: 'End this session',
        permission: 'signed-in',
        endsSession: true,
        clients: ['worker'],
        responses: { 204: null },
      },
      async (_input, context) => {
        await tokens.logout(context);
        return noContent;
      },
    ),
    tokenRoute(tokens),
    route(
      {
        method: 'post',
        path: '/introspect',
        id: 'introspectToken',
        summary: 'Whether a request with an access token of the company would be let in (RFC 7662)',
        description: 'What it refuses for its form has the `error` of RFC 6749 beside `code`.',
        permission: 'signed-in',
        machines: true,
        consumes: FORM,
        responses: { 200: IntrospectionView },
      },
      async ({ request }, context) => secret(await inOAuth(() => tokens.introspect(() => readForm(request), context))),
    ),
    route(
      {
        method: 'post',
        path: '/revoke',
        id: 'revokeToken',
        summary: 'End the session of a token (RFC 7009)',
        description: 'What it refuses has the `error` of RFC 7009 beside `code`.',
        permission: 'public',
        rate: 'sign-in',
        consumes: FORM,
        responses: { 204: null },
      },
      async ({ request }, { traceId }) => {
        await inOAuth(async () => tokens.revoke(await readForm(request), traceId));
        return noContent;
      },
    ),
    route(
      {
        method: 'post',
        path: '/backchannel-logout',
        id: 'backChannelLogout',
        summary: 'The identity provider says that a session ended',
        permission: 'public',
        rate: 'unlimited',
        consumes: FORM,
        responses: { 204: null },
      },
      async ({ request }, { traceId }) => {
        await tokens.backChannelLogout(await readForm(request), traceId);
        return noContent;
      },
    ),
  ],
});
