import { expect } from 'chai';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { createFormatters } from '../../../src/platform/i18n/formatters.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';

/** Intl writes no-break spaces of several widths; the words are what is meant here. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f\u2009]/g, ' ');
const each = (format: (f: ReturnType<typeof createFormatters>) => string, zone = 'America/Santiago') =>
  LOCALES.map((locale) => plain(format(createFormatters(locale, zone))));

describe('formatters', () => {
  const night = new Date('2026-03-02T02:05:00Z');

  it('write instants in the zone, months as words, 24 hours', () => {
    expect(each((f) => f.dateTime(night))).to.deep.equal([
      '1 mar 2026, 23:05',
      'Mar 1, 2026, 23:05',
      '1 mars 2026, 23:05',
    ]);
    expect(each((f) => f.date(night), 'UTC')).to.deep.equal(['2 mar 2026', 'Mar 2, 2026', '2 mars 2026']);
    expect(each((f) => f.time(new Date('2026-03-02T03:00:00Z')))).to.deep.equal(['00:00', '00:00', '00:00']);
  });

  it('write calendar days whatever the zone', () => {
    for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
      expect(each((f) => f.day('2026-01-31'), zone)).to.deep.equal(['31 ene 2026', 'Jan 31, 2026', '31 janv. 2026']);
      expect(each((f) => f.shortDay('2026-12-01'), zone)).to.deep.equal(['1 dic', 'Dec 1', '1 déc.']);
    }
    for (const wrong of ['2026-02-30', '2026-1-1', '', '2026-01-01T00:00:00Z', '01/02/2026']) {
      expect(() => each((f) => f.day(wrong)), wrong).to.throw(RangeError, 'YYYY-MM-DD');
    }
  });

  it('write numbers and percentages by language', () => {
    expect(each((f) => f.number(1234.56, 1))).to.deep.equal(['1.234,6', '1,234.6', '1 234,6']);
    expect(each((f) => f.number(-5))).to.deep.equal(['-5', '-5', '-5']);
    expect(each((f) => f.percent(0.9234))).to.deep.equal(['92,3 %', '92.3%', '92,3 %']);
    expect(each((f) => f.percent(1))).to.deep.equal(['100,0 %', '100.0%', '100,0 %']);
    expect(each((f) => f.percent(1, 0))).to.deep.equal(['100 %', '100%', '100 %']);
  });

  it('write durations in days, hours and minutes, seconds only below a minute', () => {
    const minute = 60_000;
    expect(each((f) => f.duration(485 * minute))).to.deep.equal(['8 h y 5 min', '8 hr, 5 min', '8 h et 5 min']);
    expect(each((f) => f.duration(26 * 60 * minute))).to.deep.equal(['1 d y 2 h', '1 day, 2 hr', '1 j et 2 h']);
    expect(each((f) => f.duration(59_600))).to.deep.equal(['1 min', '1 min', '1 min']);
    expect(each((f) => f.duration(42_000))).to.deep.equal(['42 s', '42 sec', '42 s']);
    expect(each((f) => f.duration(0))).to.deep.equal(['0 s', '0 sec', '0 s']);
    expect(each((f) => f.duration(-90 * minute))).to.deep.equal(['-1 h y 30 min', '-1 hr, 30 min', '-1 h et 30 min']);
  });

  it('are made once a language and zone, and refuse an unknown zone', () => {
    const i18n = createI18n({ folder: `${import.meta.dirname}/../../../locales` });
    expect(i18n.formatters('es', 'UTC')).to.equal(i18n.formatters('es', 'UTC'));
    expect(i18n.formatters('es', 'UTC')).not.to.equal(i18n.formatters('fr', 'UTC'));
    expect(() => i18n.formatters('es', 'Mars/Olympus')).to.throw(RangeError);
  });
});
