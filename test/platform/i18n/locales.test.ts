import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isLocale, LOCALES, negotiateLocale } from '../../../src/platform/i18n/locales.ts';

const FOLDER = join(import.meta.dirname, '../../../locales');

describe('choice of the language', () => {
  const cases: [header: string | undefined, own: string | undefined, expected: string][] = [
    [undefined, undefined, 'es'],
    ['', undefined, 'es'],
    ['de', undefined, 'es'],
    ['fr-CA', undefined, 'fr'],
    ['EN-us', undefined, 'en'],
    ['de, fr;q=0.5, en;q=0.8', undefined, 'en'],
    ['en;q=0, fr;q=0.1', undefined, 'fr'],
    ['*', undefined, 'es'],
    ['es;q=0, *', undefined, 'en'],
    ['fr', 'en', 'fr'],
    [undefined, 'en', 'en'],
    ['de', 'fr', 'fr'],
    ['*', 'fr', 'fr'],
    ['fr;q=0, *', 'fr', 'es'],
    ['de', '__proto__', 'es'],
    ['en;q=9, ;;;, fr;q=x', undefined, 'es'],
    ['en, fr', undefined, 'en'],
  ];
  for (const [header, own, expected] of cases) {
    it(`answers ${expected} for the header ${JSON.stringify(header)} and a person who speaks ${own}`, () => {
      expect(negotiateLocale(header, own)).to.equal(expected);
    });
  }

  it('is not slowed by a hostile header', () => {
    expect(negotiateLocale(`${'a-'.repeat(50_000)}, fr`)).to.equal('fr');
    expect(negotiateLocale('x,'.repeat(50_000))).to.equal('es');
  });

  it('knows its own codes only', () => {
    expect(['es', 'en', 'fr', 'ES', 'es-CL', '', undefined].filter(isLocale)).to.deep.equal(['es', 'en', 'fr']);
  });
});

describe('the files in locales/', () => {
  const namespaces = namespacesOf('es');

  it('are the same namespaces in each language', () => {
    expect(namespaces).to.include('common.json');
    for (const locale of LOCALES) expect(namespacesOf(locale)).to.have.members(namespaces);
  });

  for (const file of namespaces) {
    it(`${file}: equal keys with equal parameters, in the plural forms that each language needs`, () => {
      const spanish = textsByKey('es', file);
      for (const locale of LOCALES) {
        const texts = textsByKey(locale, file);
        expect([...texts.keys()], locale).to.have.members([...spanish.keys()]);
        for (const [key, { parameters, forms }] of texts) {
          expect([...parameters], `${locale} ${key}`).to.have.members([...(spanish.get(key)?.parameters ?? [])]);
          if (forms.length > 0) expect(forms, `${locale} ${key}`).to.have.members(pluralForms(locale));
        }
      }
    });

    it(`${file}: no text is empty`, () => {
      for (const locale of LOCALES) {
        for (const [key, text] of readTexts(locale, file)) expect(text.trim(), `${locale} ${key}`).not.to.equal('');
      }
    });
  }
});

function namespacesOf(locale: string): string[] {
  return readdirSync(join(FOLDER, locale));
}

function readTexts(locale: string, file: string): [key: string, text: string][] {
  return flatten(JSON.parse(readFileSync(join(FOLDER, locale, file), 'utf8')), '');
}

function flatten(texts: unknown, prefix: string): [key: string, text: string][] {
  if (typeof texts === 'string') return [[prefix, texts]];
  expect(texts, `${prefix} must be a text or a group of texts`).to.be.an('object');
  return Object.entries(texts ?? {}).flatMap(([key, value]) => flatten(value, prefix ? `${prefix}.${key}` : key));
}

function textsByKey(locale: string, file: string) {
  const byKey = new Map<string, { parameters: Set<string>; forms: string[] }>();
  for (const [key, text] of readTexts(locale, file)) {
    const [base = key, form] = key.split(/_(?=(?:one|many|other)$)/);
    const entry = byKey.get(base) ?? { parameters: new Set(), forms: [] };
    for (const [, name = ''] of text.matchAll(/\{\{-?\s*([\w.]+)/g)) entry.parameters.add(name);
    if (form) entry.forms.push(form);
    byKey.set(base, entry);
  }
  return byKey;
}

function pluralForms(locale: string): string[] {
  return new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
}
