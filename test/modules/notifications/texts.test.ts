import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { NOTICE_TYPES } from '../../../src/modules/notifications/notice.ts';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';

const TEXTS = Object.values(NOTICE_TYPES).flatMap(({ texts }): readonly string[] => texts);
const folder = `${import.meta.dirname}/../../../locales`;

describe('texts of notices', () => {
  const { t } = createI18n({ folder });

  for (const locale of LOCALES) {
    it(`have a title and a body for every text, and no text that nobody sends: ${locale}`, () => {
      const file = JSON.parse(readFileSync(`${folder}/${locale}/notifications.json`, 'utf8')) as object;
      expect(Object.keys(file).toSorted()).to.deep.equal([...TEXTS, 'footer', 'look'].toSorted());
      const params = {
        days: 7,
        validTo: '2026-12-01',
        takenAt: '2026-12-01 06:00 UTC',
        feature: 'fitness',
        host: 'turnos.mina.cl',
        limit: 10,
        percent: 80,
      };
      const titles = TEXTS.map((text) => t(locale, `notifications:${text}.title`, params));
      expect(new Set(titles).size).to.equal(TEXTS.length);
      for (const text of TEXTS) expect(t(locale, `notifications:${text}.body`, params)).to.match(/\.$/);
    });

    it(`say nothing of levels or values in an alert: ${locale}`, () => {
      const levels = ['green', 'yellow', 'orange', 'red'].map((level) => t(locale, `common:level.${level}`));
      for (const text of ['test_alert', 'test_alert_late', 'test_missed', 'case_escalation']) {
        const [title, body] = ['title', 'body'].map((part) =>
          t(locale, `notifications:${text}.${part}`, { takenAt: '' }),
        );
        const said = `${title} ${body}`;
        const words = said.toLowerCase().split(/[^\p{L}]+/u);
        expect(levels.filter((level) => words.includes(level.toLowerCase()))).to.deep.equal([]);
      }
    });
  }
});
