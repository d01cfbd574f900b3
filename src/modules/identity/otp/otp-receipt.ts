import { exact, integer, uuid } from '../../../platform/schema/types.ts';

/** What tells a caller which one-time password is meant. */
export const OtpReceiptView = exact(
  { requestId: uuid(), resendAfter: integer(0, 86_400, { description: 'Seconds until another may be sent' }) },
  { 'x-component': 'otpReceipt' },
);
