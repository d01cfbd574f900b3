import { readMail } from '../mime.ts';
import type { ReadMail } from '../mime.ts';
import { serverSetting } from './settings.ts';

/** The mails that reached an address at the mail server of `scripts/servers`, in their order. */
export const mailsOf = async (address: string): Promise<ReadMail[]> => {
  const api = serverSetting('ANGELIS_TEST_MAIL_API_URL');
  const response = await fetch(`${api}/user/${encodeURIComponent(address)}/messages`);
  // An address is unknown there until its first mail.
  if (response.status === 400) return [];
  if (!response.ok) throw new Error(`The mail server answered ${response.status}: ${await response.text()}`);
  const found = (await response.json()) as { mimeMessage: string }[];
  return found.map(({ mimeMessage }) => readMail(mimeMessage));
};
