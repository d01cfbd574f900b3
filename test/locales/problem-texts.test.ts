import { globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const root = new URL('../../', import.meta.url);
const source = globSync('src/**/*.ts', { cwd: root }).map((file) => readFileSync(new URL(file, root), 'utf8'));
const codesOf = (patterns: readonly RegExp[]): string[] =>
  [
    ...new Set(
      source.flatMap((text) => patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, code]) => code!))),
    ),
  ].toSorted();

/** Its keys; of a text with plural forms the one that the source names. */
const keysOf = (name: string): string[] =>
  Object.keys(JSON.parse(readFileSync(new URL(`locales/es/${name}.json`, root), 'utf8')) as object).map((key) =>
    key.replace(/_(one|many|other)$/, ''),
  );

describe('texts of problems', () => {
  it('stand for every code that the source answers with', () => {
    const codes = codesOf([
      /new Problem\(\s*\d{3},\s*'([A-Z_]+)'/g,
      /\bconflict\(\s*'([A-Z_]+)'/g,
      /\bforbidden\(\s*'([A-Z_]+)'/g,
    ]);
    expect(codes).to.have.length.greaterThan(20);
    expect(codes.filter((code) => !keysOf('errors').includes(code))).to.deep.equal([]);
  });

  it('stand for every fault of a field', () => {
    const codes = codesOf([/\binvalid\(\s*[^,]+,\s*'([A-Za-z_]+)'/g]);
    expect(codes.filter((code) => !keysOf('faults').includes(code))).to.deep.equal([]);
  });
});
