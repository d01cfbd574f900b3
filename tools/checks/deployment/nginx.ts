/** A directive of nginx: its words, and what stands in its block. */
export interface Directive {
  readonly words: readonly string[];
  readonly block?: readonly Directive[];
}

const TOKEN = /#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|(?:[^\s{};"'#\\]|\\.|(?<=\S)#)+/gu;

/** Reads a configuration. Throws when its blocks or directives do not end. */
export const parseNginx = (text: string): Directive[] => {
  const tokens = (text.match(TOKEN) ?? []).filter((token) => !token.startsWith('#'));
  let at = 0;
  const block = (isOutermost: boolean): Directive[] => {
    const directives: Directive[] = [];
    let words: string[] = [];
    for (; at < tokens.length; at += 1) {
      const token = tokens[at]!;
      if (token === ';') {
        directives.push({ words });
        words = [];
      } else if (token === '{') {
        at += 1;
        directives.push({ words, block: block(false) });
        words = [];
      } else if (token === '}') {
        if (words.length > 0) throw new Error(`nginx: "${words.join(' ')}" does not end`);
        if (isOutermost) throw new Error('nginx: a } ends what did not begin');
        return directives;
      } else words.push(token.replace(/^(['"])(.*)\1$/su, '$2'));
    }
    if (!isOutermost || words.length > 0) throw new Error(`nginx: a block or "${words.join(' ')}" does not end`);
    return directives;
  };
  return block(true);
};

/** Every directive of a name, at any depth. */
export const directivesOf = (directives: readonly Directive[], name: string): Directive[] =>
  directives.flatMap((one) => [...(one.words[0] === name ? [one] : []), ...directivesOf(one.block ?? [], name)]);

/** What is wrong with the gateway: upstreams that are not there, old TLS, no HSTS where headers are set anew, tokens in its log. */
export const nginxFaults = (text: string, services: readonly string[]): string[] => {
  const all = parseNginx(text);
  const upstreams = directivesOf(all, 'upstream');
  const names = upstreams.map(({ words }) => words[1]);
  const missing = directivesOf(all, 'proxy_pass').flatMap(({ words: [, url = ''] }) => {
    const name = /^https?:\/\/([^:/]+)/u.exec(url)?.[1];
    return names.includes(name) ? [] : [`proxy_pass ${url}: there is no such upstream`];
  });
  const hosts = upstreams.flatMap(({ block = [] }) =>
    directivesOf(block, 'server').map(({ words }) => words[1]?.split(':')[0] ?? ''),
  );
  const protocols = directivesOf(all, 'ssl_protocols').flatMap(({ words }) => words.slice(1));
  const unsafe = directivesOf(all, 'location').filter(({ block = [] }) => {
    const headers = block.filter(({ words }) => words[0] === 'add_header').map(({ words }) => words[1]);
    return headers.length > 0 && !headers.includes('Strict-Transport-Security');
  });
  return [
    ...missing,
    ...hosts.filter((host) => !services.includes(host)).map((host) => `there is no service ${host} behind the gateway`),
    ...(protocols.length === 0 ? ['ssl_protocols is missing'] : []),
    ...protocols.filter((one) => !['TLSv1.2', 'TLSv1.3'].includes(one)).map((one) => `${one} is not safe`),
    ...unsafe.map(({ words }) => `${words.join(' ')} sets headers, and so drops Strict-Transport-Security`),
    ...directivesOf(all, 'log_format')
      .filter(({ words }) => /\$request\b|\$args|\$http_authorization|\$request_uri/u.test(words.join(' ')))
      .map(() => 'the log carries queries or tokens'),
  ].map((fault) => `nginx: ${fault}`);
};
