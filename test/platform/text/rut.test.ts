import { expect } from 'chai';
import * as fc from 'fast-check';
import { formatRut, maskRut, parseRut, rutCheckDigit } from '../../../src/platform/text/rut.ts';

const problemOf = (input: string) => {
  const result = parseRut(input);
  return result.ok ? `accepted as ${result.rut.value}` : result.problem;
};
const valueOf = (input: string) => {
  const result = parseRut(input);
  return result.ok ? result.rut.value : result.problem;
};
const body = fc.integer({ min: 1_000_000, max: 99_999_999 }).map(String);

describe('RUT', () => {
  it('computes known check digits, 11 as 0 and 10 as K', () => {
    expect(rutCheckDigit('12345678')).to.equal('5');
    expect(rutCheckDigit('11111111')).to.equal('1');
    expect(rutCheckDigit('30686957')).to.equal('4');
    expect(rutCheckDigit('1000005')).to.equal('K');
    expect(rutCheckDigit('1000013')).to.equal('0');
  });

  it('reads the ways in which people write one RUT', () => {
    const written = [
      '12345678-5',
      '12.345.678-5',
      '123456785',
      ' 12.345.678 - 5 ',
      '12\u00a0345\u00a0678-5',
      '1.2.3.4.5678-5',
      '12,345,678-5',
    ];
    expect(written.map(valueOf)).to.deep.equal([...Array<string>(6).fill('12345678-5'), 'RUT_CHARACTERS']);
  });

  it('takes k in both cases and stores K', () => {
    expect(valueOf('1000005-k')).to.equal('1000005-K');
    expect(valueOf('1.000.005-K')).to.equal('1000005-K');
    expect(valueOf('1000005k')).to.equal('1000005-K');
  });

  it('refuses K inside the body, and letters that only look like one', () => {
    for (const input of ['1K000005-5', 'K1000005-5', '100000K-5', '1000005-KK', '1000005-\u212a', '1000005-\uff2b']) {
      expect(problemOf(input), input).to.equal('RUT_CHARACTERS');
    }
  });

  it('refuses digits of other scripts', () => {
    for (const input of ['١٢٣٤٥٦٧٨-٥', '12345678-５', '１２３４５６７８-5']) {
      expect(problemOf(input), input).to.equal('RUT_CHARACTERS');
    }
  });

  it('refuses a body without its check digit, even where its own last digit would fit', () => {
    expect(rutCheckDigit('1234567')).to.equal('4');
    expect(valueOf('1.234.567-4')).to.equal('1234567-4');
    expect(problemOf('12.345.674')).to.equal('RUT_NO_CHECK_DIGIT');
    expect(problemOf('12345674-')).to.equal('RUT_NO_CHECK_DIGIT');
    expect(problemOf('12.345.678')).to.equal('RUT_NO_CHECK_DIGIT');
    expect(problemOf('12345678')).to.equal('RUT_CHECK_DIGIT');
  });

  it('refuses hyphens elsewhere, leading zeros, wrong lengths and wrong digits', () => {
    expect(problemOf('1234567-85')).to.equal('RUT_CHARACTERS');
    expect(problemOf('12-345678-5')).to.equal('RUT_CHARACTERS');
    expect(problemOf('-')).to.equal('RUT_CHARACTERS');
    expect(problemOf('-5')).to.equal('RUT_CHARACTERS');
    expect(problemOf('012345678-5')).to.equal('RUT_LEADING_ZERO');
    expect(problemOf('0000000-0')).to.equal('RUT_LEADING_ZERO');
    expect(problemOf('123456-0')).to.equal('RUT_LENGTH');
    expect(problemOf('5')).to.equal('RUT_LENGTH');
    expect(problemOf('123456789-2')).to.equal('RUT_LENGTH');
    expect(problemOf('12345678-6')).to.equal('RUT_CHECK_DIGIT');
    expect(problemOf('12345678-K')).to.equal('RUT_CHECK_DIGIT');
  });

  it('refuses nothing, only separators, and very long input at once', () => {
    expect(problemOf('')).to.equal('RUT_EMPTY');
    expect(problemOf(' . . \t')).to.equal('RUT_EMPTY');
    expect(problemOf('1'.repeat(5_000_000))).to.equal('RUT_TOO_LONG');
    expect(problemOf(`${' '.repeat(50)}12345678-5`)).to.equal('RUT_TOO_LONG');
  });

  it('takes other body lengths when configured', () => {
    const short = `123456-${rutCheckDigit('123456')}`;
    expect(problemOf(short)).to.equal('RUT_LENGTH');
    expect(parseRut(short, { minBody: 6, maxBody: 8 })).to.have.property('ok', true);
    expect(parseRut('1234567-4', { minBody: 8, maxBody: 8 })).to.deep.equal({ ok: false, problem: 'RUT_LENGTH' });
  });

  it('formats and masks the stored form', () => {
    expect(formatRut('12345678-5')).to.equal('12.345.678-5');
    expect(formatRut('1000005-K')).to.equal('1.000.005-K');
    expect(maskRut('12345678-5')).to.equal('*****678-5');
    expect(maskRut('1000005-K')).to.equal('*****005-K');
  });

  it('reads back every RUT it prints, and one digit alone fits a body', () => {
    fc.assert(
      fc.property(body, (digits) => {
        const value = `${digits}-${rutCheckDigit(digits)}`;
        expect(valueOf(value)).to.equal(value);
        expect(valueOf(formatRut(value))).to.equal(value);
        expect(maskRut(value)).to.have.length(10).and.not.include(digits.slice(0, 4));
        const fitting = '0123456789K'.split('').filter((digit) => parseRut(`${digits}-${digit}`).ok);
        expect(fitting).to.deep.equal([value.at(-1)]);
      }),
    );
  });

  it('notices every single wrong digit and every swap of neighbors', () => {
    fc.assert(
      fc.property(body, fc.nat(7), fc.integer({ min: 1, max: 9 }), (digits, at, add) => {
        const place = at % digits.length;
        const change = (index: number, digit: string) => digits.slice(0, index) + digit + digits.slice(index + 1);
        const wrong = change(place, String((Number(digits[place]) + add) % 10));
        expect(parseRut(`${wrong}-${rutCheckDigit(digits)}`).ok).to.equal(false);
        const next = (place + 1) % digits.length;
        if (next > place && digits[next] !== digits[place]) {
          const swapped = change(place, digits[next] ?? '');
          const both = swapped.slice(0, next) + digits[place] + swapped.slice(next + 1);
          expect(parseRut(`${both}-${rutCheckDigit(digits)}`).ok).to.equal(false);
        }
      }),
    );
  });

  it('answers any text without throwing', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => typeof parseRut(text).ok === 'boolean'));
  });
});
