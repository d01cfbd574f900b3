import Type from 'typebox';
import { OtpReceiptView } from '../otp/otp-receipt.ts';
import type { OtpReceipt } from '../otp/otp.service.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import { exact, noContent, oneOf, route } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { NewPassword } from './password-rules.ts';
import { IDENTIFIER, PROOF, totp } from './proof.ts';
import type { Passwords } from './passwords.service.ts';

interface PasswordsRouterDependencies {
  readonly passwords: Passwords;
  readonly forgotten: (
    request: { identifier: string; channel: 'email' | 'sms' },
    context: PublicContext,
  ) => Promise<OtpReceipt>;
}

/** Forgotten, reset and changed passwords. */
export const passwordsModule = ({ passwords, forgotten }: PasswordsRouterDependencies): Module => ({
  name: 'passwords',
  base: '/auth',
  jobs: passwords.jobs,
  routes: [
    route(
      {
        method: 'post',
        path: '/password/forgotten',
        id: 'forgetPassword',
        summary: 'Send a code with which to set a new password',
        description: 'As /otp/request with purpose reset: the same answer whether anybody has the account or not.',
        permission: 'public',
        rate: 'otp',
        body: exact({ identifier: IDENTIFIER, channel: Type.Optional(oneOf(['email', 'sms'])) }),
        responses: { 202: OtpReceiptView },
      },
      async ({ body: { identifier, channel = 'email' } }, context) => ({
        status: 202 as const,
        body: await forgotten({ identifier, channel }, context),
      }),
    ),
    route(
      {
        method: 'post',
        path: '/password/reset',
        id: 'resetPassword',
        summary: 'Set a new password with the ticket of a verified code; all sessions end',
        permission: 'public',
        rate: 'sign-in',
        body: exact({ ticket: Type.String({ minLength: 1, maxLength: 100 }), password: NewPassword }),
        responses: { 204: null },
      },
      async ({ body }, context) => {
        await passwords.reset(body, context);
        return noContent;
      },
    ),
    route(
      {
        method: 'post',
        path: '/me/password',
        id: 'changeMyPassword',
        summary: 'Change my password; my other sessions end',
        permission: 'signed-in',
        rate: 'sign-in',
        body: exact({ currentPassword: PROOF.password, newPassword: NewPassword, totp }),
        responses: { 204: null },
      },
      async ({ body }, context) => {
        await passwords.change(context, body);
        return noContent;
      },
    ),
  ],
});
