import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { SYSTEM_ROLES } from '../../src/modules/organization/roles/system-roles.ts';
import { LOCALES } from '../../src/platform/i18n/locales.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';

interface Texts {
  readonly area: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly action: Record<string, string>;
  readonly role: Record<string, string>;
}

const textsOf = (locale: string): Texts =>
  JSON.parse(readFileSync(new URL(`../../locales/${locale}/permissions.json`, import.meta.url), 'utf8')) as Texts;

describe('texts of permissions', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp();
  });
  after(() => app.close());

  it('stand for every part of every permission and for every role, in every language', () => {
    const permissions = Object.keys(app.platform.catalogue());
    expect(permissions).to.have.length.greaterThan(20);
    for (const locale of LOCALES) {
      const texts = textsOf(locale);
      const missing = permissions.flatMap((permission) => {
        const [area = '', resource = '', action = ''] = permission.split(':');
        return [
          ...(texts.area[area] === undefined ? [`area.${area}`] : []),
          ...(texts.resource[resource] === undefined ? [`resource.${resource}`] : []),
          ...(texts.action[action] === undefined ? [`action.${action}`] : []),
        ];
      });
      expect([...new Set(missing)], `add them to locales/${locale}/permissions.json`).to.deep.equal([]);
      const roles = SYSTEM_ROLES.filter(({ assignable }) => assignable).map(({ code }) => code);
      expect(roles.filter((code) => texts.role[code] === undefined)).to.deep.equal([]);
    }
  });
});
