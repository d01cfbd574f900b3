import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';

describe('texts in three languages', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'texts {with} braces '));
    for (const locale of LOCALES) {
      mkdirSync(join(folder, locale));
      const words = { hello: `${locale}: {{name}}`, group: { inner: `inner ${locale}` } };
      const plurals =
        locale === 'en'
          ? { worker_one: '{{count}} worker', worker_other: '{{count}} workers' }
          : { worker_one: `${locale} one`, worker_many: `${locale} many`, worker_other: `${locale} other` };
      writeFileSync(join(folder, locale, 'common.json'), JSON.stringify({ ...words, ...plurals }));
      writeFileSync(join(folder, locale, 'errors.json'), JSON.stringify({ NOT_FOUND: `not found ${locale}` }));
    }
    writeFileSync(join(folder, 'es', 'extra.json'), JSON.stringify({ only: 'solo' }));
  });

  after(() => rmSync(folder, { recursive: true }));

  it('answers from every namespace in every language, at once', () => {
    const { t } = createI18n({ folder });
    for (const locale of LOCALES) {
      expect(t(locale, 'common:hello', { name: 'Ana' })).to.equal(`${locale}: Ana`);
      expect(t(locale, 'common:group.inner')).to.equal(`inner ${locale}`);
      expect(t(locale, 'errors:NOT_FOUND')).to.equal(`not found ${locale}`);
    }
  });

  it('chooses the plural of the language, millions included', () => {
    const { t } = createI18n({ folder });
    expect(t('en', 'common:worker', { count: 1 })).to.equal('1 worker');
    expect(t('en', 'common:worker', { count: 0 })).to.equal('0 workers');
    expect(t('es', 'common:worker', { count: 1_000_000 })).to.equal('es many');
    expect(t('fr', 'common:worker', { count: 0 })).to.equal('fr one');
    expect(t('es', 'common:worker', { count: 2 })).to.equal('es other');
  });

  it('puts parameters in verbatim: no escaping, no templates, no nested keys', () => {
    const { t } = createI18n({ folder });
    for (const name of ['<b>&"', '{{count}}', '$t(common:group.inner)', '$& $1 $$', '__proto__']) {
      expect(t('en', 'common:hello', { name })).to.equal(`en: ${name}`);
    }
  });

  it('throws on a missing key, a group and a missing parameter, naming each', () => {
    const { t } = createI18n({ folder });
    expect(() => t('en', 'common:nothing')).to.throw(/common:nothing.*locales\/en\/common\.json/);
    expect(() => t('en', 'common:group')).to.throw(/common:group/);
    expect(() => t('en', 'absent:key')).to.throw(/absent:key/);
    expect(() => t('fr', 'common:hello')).to.throw(/parameters: name/);
    expect(t('fr', 'common:hello', { name: 'after a fault' })).to.equal('fr: after a fault');
  });

  it('never falls back to another language', () => {
    const { t } = createI18n({ folder });
    expect(t('es', 'extra:only')).to.equal('solo');
    expect(() => t('en', 'extra:only')).to.throw(/extra:only/);
  });

  it('answers with the key and tells the hook where one is given', () => {
    const faults: string[] = [];
    const { t } = createI18n({ folder, onMissing: ({ locale, key }) => faults.push(`${locale} ${key}`) });
    expect(t('en', 'common:nothing')).to.equal('common:nothing');
    expect(t('en', 'common:hello')).to.equal('en: ');
    expect(faults).to.deep.equal(['en common:nothing', 'en common:hello']);
  });

  it('names a file that is not JSON', () => {
    const broken = mkdtempSync(join(tmpdir(), 'broken-'));
    for (const locale of LOCALES) mkdirSync(join(broken, locale));
    writeFileSync(join(broken, 'es', 'common.json'), '{"a": ');
    expect(() => createI18n({ folder: broken })).to.throw(/es.common\.json/);
    rmSync(broken, { recursive: true });
  });
});
