import fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';
import { expect } from 'chai';
import type * as commonPasswords from '../../../../src/modules/identity/passwords/common-passwords.ts';
import { checkPassword } from '../../../../src/modules/identity/passwords/password-rules.ts';
import { Problem } from '../../../../src/platform/problem.ts';

const faultOf = (password: string): string | undefined => {
  try {
    checkPassword(password, ['María José', "O'Higgins Núñez"], '/password');
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.options.errors?.[0]?.code;
  }
};

describe('what a password must be', () => {
  const refused: [string, string][] = [
    ['qwertyuiop', 'PASSWORD_COMMON'],
    ['LiverpoolFC', 'PASSWORD_COMMON'],
    ['Contraseña123', 'PASSWORD_COMMON'],
    ['MOTDEPASSE123', 'PASSWORD_COMMON'],
    ['zzzzzzzzzzzz', 'PASSWORD_COMMON'],
    ['maria jose', 'PASSWORD_NAME'],
    ['MaríaJosé2026!', 'PASSWORD_NAME'],
    ['nunez-ohiggins', 'PASSWORD_NAME'],
  ];
  for (const [password, code] of refused)
    it(`not ${password}`, () => {
      expect(faultOf(password)).to.equal(code);
    });

  for (const password of [
    'correcto caballo pila grapa',
    'María vende higos',
    '🦙🦙🦙🦙🦙🦙🦙🦙🦙🐑',
    '4718 2093 5562',
    ' '.repeat(9) + 'x',
    // No request brings it: whoever looks it up in bytes finds nothing.
    'clave con \ud800 suelto',
  ])
    it(`may be ${password}`, () => {
      expect(faultOf(password)).to.equal(undefined);
    });

  it('lists what the length lets through and nothing else refuses, each once, as it is compared', async () => {
    const text = await readFile(new URL('../../../../config/passwords/common.txt', import.meta.url), 'utf8');
    const words = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '));
    expect(words).to.have.length.above(25_000);
    expect(new Set(words).size).to.equal(words.length);
    const odd = words.filter((word) => {
      const { length } = Array.from(word);
      return length < 10 || length > 128 || word !== word.normalize('NFC').toLowerCase() || new Set(word).size === 1;
    });
    expect(odd).to.deep.equal([]);
    for (const word of [words[0]!, words[12_345]!, words.at(-1)!]) expect(faultOf(word)).to.equal('PASSWORD_COMMON');
  });

  it('has its list read when somebody chooses a password, and not with the program', async () => {
    const read = mock.method(fs, 'readFileSync');
    syncBuiltinESMExports();
    try {
      const file = new URL('../../../../src/modules/identity/passwords/common-passwords.ts', import.meta.url);
      const { isCommon } = (await import(`${file.href}?anew`)) as typeof commonPasswords;
      const ofList = () => read.mock.calls.filter((call) => String(call.arguments[0]).endsWith('common.txt')).length;
      expect(ofList()).to.equal(0);
      expect(isCommon('qwertyuiop')).to.equal(true);
      expect(ofList()).to.equal(1);
    } finally {
      read.mock.restore();
      syncBuiltinESMExports();
    }
  });
});
