import Type from 'typebox';
import { setting } from '../../../platform/configuration.ts';
import { exact } from '../../../platform/schema/types.ts';

/** Whether people of the company may sign in with a one-time password instead of their own. */
export const OTP_SIGN_IN_SETTING = setting({
  key: 'identity.otpSignIn',
  schema: exact({ email: Type.Boolean(), sms: Type.Boolean() }),
  default: { email: false, sms: false },
  public: true,
});
