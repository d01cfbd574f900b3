import Type from 'typebox';
import { exact, ok, oneOf, route, uuid } from '../../../platform/module.ts';
import type { JobDefinition, Module, TickDefinition } from '../../../platform/module.ts';
import { IDENTIFIER } from '../passwords/proof.ts';
import { OtpReceiptView } from './otp-receipt.ts';
import { CODES, OTP_PURPOSES, TALLIES } from './otp.rules.ts';
import type { Otps } from './otp.service.ts';

const company = exact({ id: uuid(), slug: Type.String(), name: Type.String() });
const VerifiedView = exact({
  purpose: oneOf(OTP_PURPOSES),
  ticket: Type.Optional(Type.String({ description: 'Proves the address, once and within ten minutes' })),
  signedIn: Type.Optional(
    exact({
      tokenType: Type.Literal('Bearer'),
      accessToken: Type.String(),
      expiresIn: Type.Integer(),
      refreshToken: Type.String(),
      refreshExpiresIn: Type.Integer(),
      company,
    }),
  ),
});

interface OtpRouterDependencies {
  readonly otps: Otps;
  readonly jobs: readonly JobDefinition[];
  readonly ticks: readonly TickDefinition[];
}

/** /otp */
export const otpModule = ({ otps, jobs, ticks }: OtpRouterDependencies): Module => ({
  name: 'otp',
  base: '/otp',
  jobs,
  ticks,
  retentions: [CODES, TALLIES],
  routes: [
    route(
      {
        method: 'post',
        path: '/request',
        id: 'requestOtp',
        summary: 'Send a one-time password to whoever has this account',
        description: 'The answer is the same whether anybody has it or not.',
        permission: 'public',
        rate: 'otp',
        body: exact({
          identifier: IDENTIFIER,
          purpose: oneOf(['login', 'reset']),
          channel: oneOf(['email', 'sms']),
        }),
        responses: { 202: OtpReceiptView },
      },
      async ({ body }, context) => ({ status: 202 as const, body: await otps.ask(body, context) }),
    ),
    route(
      {
        method: 'post',
        path: '/resend',
        id: 'resendOtp',
        summary: 'Send a new code; the one before is over',
        permission: 'public',
        rate: 'otp',
        body: exact({ requestId: uuid() }),
        responses: { 202: OtpReceiptView },
      },
      async ({ body }, { traceId }) => ({ status: 202 as const, body: await otps.resend(body.requestId, traceId) }),
    ),
    route(
      {
        method: 'post',
        path: '/verify',
        id: 'verifyOtp',
        summary: 'Try a code: signs in, or answers a ticket for the route of its purpose',
        permission: 'public',
        rate: 'otp',
        body: exact({ requestId: uuid(), code: Type.String({ pattern: '^[0-9]{6}$' }) }),
        responses: { 200: VerifiedView },
      },
      async ({ body }, context) => ({
        ...ok(await otps.verify(body.requestId, body.code, context)),
        headers: { 'Cache-Control': 'no-store' },
      }),
    ),
  ],
});
