import { createHmac } from 'node:crypto';
import { formOf } from '../platform/identity-provider/browser.ts';

/** Today's code of the secret on Keycloak's page (RFC 6238: SHA-1, 30 s, 6 digits), or one of the next. */
export const codeOf = (secret: string, steps = 0): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1)! & 0xf) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
};

/** What somebody sees, or with what the provider sent them back. */
export interface Seen {
  readonly back: boolean;
  readonly html: string;
  readonly query: URLSearchParams;
}

export interface Browser {
  /** Opens a page of the provider's, with the cookies that are there. */
  readonly visit: (url: string) => Promise<Seen>;
  /** Opens the provider's page and gives name and password. */
  readonly signIn: (url: string, username: string, password: string) => Promise<Seen>;
  /** Sends the form of a page. */
  readonly send: (html: string, fields: Readonly<Record<string, string>>) => Promise<Seen>;
}

/** A person's browser: it keeps cookies and follows the provider's pages until it is sent back to `callback`. */
export const openBrowser = (callback: string): Browser => {
  const jar = new Map<string, string>();
  const open = async (url: string, body?: URLSearchParams): Promise<Response> => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const method = body === undefined ? 'GET' : 'POST';
    const response = await fetch(url, { redirect: 'manual', headers: { cookie }, method, ...(body && { body }) });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  };
  const follow = async (response: Response): Promise<Seen> => {
    const to = response.headers.get('location');
    if (to === null) return { back: false, html: await response.text(), query: new URLSearchParams() };
    return to.startsWith(callback) ? { back: true, html: '', query: new URL(to).searchParams } : follow(await open(to));
  };
  const send: Browser['send'] = async (html, fields) => follow(await open(formOf(html), new URLSearchParams(fields)));
  return {
    visit: async (url) => follow(await open(url)),
    send,
    signIn: async (url, username, password) => send(await (await open(url)).text(), { username, password }),
  };
};

/** The secret on the page that has somebody set a second factor up; undefined on any other. */
export const totpSecretOf = (html: string): string | undefined => /name="totpSecret" value="([^"]+)"/.exec(html)?.[1];
