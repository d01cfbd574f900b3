import { expect } from 'chai';
import { COMMON_PASSWORDS } from '../../../../src/modules/identity/passwords/common-passwords.ts';
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
  ])
    it(`may be ${password}`, () => {
      expect(faultOf(password)).to.equal(undefined);
    });

  it('lists only what the length lets through, as it is compared', () => {
    for (const word of COMMON_PASSWORDS) {
      expect(Array.from(word).length).to.be.within(10, 128);
      expect(word).to.equal(word.normalize('NFC').toLowerCase());
    }
  });
});
