/** A mail as its reader sees it. */
export interface ReadMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Without its angle brackets. */
  readonly messageId: string;
  /** The head as it came, unfolded. */
  readonly head: string;
}

const decoded = (content: string, encoding: string): string => {
  if (encoding === 'base64') return Buffer.from(content, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return content;
  const bytes = content
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};
/** RFC 2047: `=?UTF-8?Q?…?=`; white space between two of them does not count. */
const words = (text: string): string =>
  text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_all, how: string, content: string) =>
      how.toUpperCase() === 'B'
        ? decoded(content, 'base64')
        : decoded(content.replaceAll('_', ' '), 'quoted-printable'),
    );
const split = (source: string): { head: string; body: string } => {
  const at = source.indexOf('\r\n\r\n');
  return { head: source.slice(0, at).replaceAll(/\r\n[ \t]+/g, ' '), body: source.slice(at + 4) };
};
const header = (head: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';

const plainText = (source: string): string => {
  const { head, body } = split(source);
  const boundary = /boundary="([^"]+)"/.exec(header(head, 'content-type'))?.[1];
  if (boundary === undefined)
    return decoded(body, header(head, 'content-transfer-encoding')).replaceAll('\r\n', '\n').trimEnd();
  const part = body.split(`--${boundary}`).find((one) => /content-type: text\/plain/i.test(one));
  return plainText(part?.trimStart() ?? '');
};

/** Reads a mail as it travels (RFC 5322, 2045): one text/plain part, alone or beside another. */
export const readMail = (source: string): ReadMail => {
  const { head } = split(source);
  return {
    to: header(head, 'to'),
    subject: words(header(head, 'subject')),
    text: plainText(source),
    messageId: header(head, 'message-id').slice(1, -1),
    head,
  };
};
