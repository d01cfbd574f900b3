import { checkSms, PermanentDeliveryError, TransientDeliveryError, type Receipt, type Sms } from './messages.ts';
import { pauseAskedFor, post } from './post.ts';

export interface TwilioOptions {
  accountSid: string;
  authToken: string;
  /** The sending number, or the SID of a messaging service (`MG…`). */
  from: string;
  /** Default `https://api.twilio.com`. */
  baseUrl?: string;
  /** Longest wait for an answer, in milliseconds. Default 15 000. */
  timeoutMs?: number;
}

/** How many of our ids are remembered, to send a message once even if it is handed over twice. */
const REMEMBERED = 1_000;
/** Answers below 500 that speak of us or of the moment, not of the message. */
const PASSING = new Set([401, 408, 425, 429]);

/**
 * Text messages through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource). Twilio takes no key of
 * ours, so an id that this process has sent, or is sending, is answered with the first receipt; after a restart it may go out again.
 */
export function createTwilioSms(options: TwilioOptions): Sms {
  const { accountSid, authToken, from, baseUrl = 'https://api.twilio.com', timeoutMs = 15_000 } = options;
  const url = new URL(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`, baseUrl);
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const senderField = from.startsWith('MG') ? 'MessagingServiceSid' : 'From';
  const sent = new Map<string, Promise<Receipt>>();

  const deliver = async (to: string, text: string): Promise<Receipt> => {
    const body = new URLSearchParams({ To: to, Body: text, [senderField]: from }).toString();
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await post(url, { headers, body, timeoutMs }).catch((cause: unknown) => {
      throw new TransientDeliveryError('the SMS carrier could not be reached, or did not answer in time', { cause });
    });
    const { status } = answer;
    const { sid, code } = parse(answer.body);
    if (status >= 200 && status < 300 && sid) return { providerId: sid };
    const told = code ? `${status}, its code ${code}` : String(status);
    if (status >= 400 && status < 500 && !PASSING.has(status)) {
      throw new PermanentDeliveryError(`the SMS carrier refused the message for good (${told})`);
    }
    const retryAfterMs = pauseAskedFor(answer, new Date());
    throw new TransientDeliveryError(`the SMS carrier did not take the message (${told})`, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  };

  return {
    async send(message) {
      checkSms(message);
      const known = sent.get(message.id);
      if (known) return await known;
      const sending = deliver(message.to, message.text);
      sent.set(message.id, sending);
      const [oldest] = sent.keys();
      if (sent.size > REMEMBERED && oldest !== undefined) sent.delete(oldest);
      try {
        return await sending;
      } catch (error) {
        sent.delete(message.id);
        throw error;
      }
    },
  };
}

function parse(answer: string): { sid?: string; code?: string } {
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value !== 'object' || value === null) return {};
    return {
      ...('sid' in value && typeof value.sid === 'string' && { sid: value.sid }),
      ...('code' in value && typeof value.code === 'number' && { code: String(value.code) }),
    };
  } catch {
    return {};
  }
}
