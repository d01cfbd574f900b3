import type { Readable } from 'node:stream';
import { ownPath } from '../../src/root.ts';
import { createI18n } from '../../src/platform/i18n/i18n.ts';
import type { Locale } from '../../src/platform/i18n/locales.ts';
import { pdfStream } from '../../src/platform/render/pdf.ts';
import type { TableRow } from '../../src/platform/render/pdf-table.ts';
import type { Tone } from '../../src/platform/render/pdf-theme.ts';

const TEXTS = {
  es: {
    title: 'Cumplimiento de pruebas de aptitud',
    subtitle: 'Todas las faenas y turnos de la empresa, por trabajador y fecha de turno',
    sections: ['Cumplimiento por fecha de turno', 'Niveles por faena', 'Detalle por trabajador'],
    tiles: [
      'Cumplimiento',
      'A tiempo',
      'Pruebas omitidas',
      'Casos abiertos',
      'Tiempo hasta acuse',
      'Excusadas',
      'Bloqueadas',
      'Inválidas',
    ],
    columns: ['Trabajador', 'Cargo', 'Turno', 'Fecha', 'Nivel', 'Cumplidas', 'A tiempo', 'Días'],
    explained:
      'El cumplimiento es el número de pruebas hechas a tiempo sobre las exigidas cuya hora ya pasó, sin contar las excusadas ni las bloqueadas; las tardías, omitidas e inválidas se muestran aparte y nunca se esconden en la tasa.',
    target: 'Meta 95 %',
    previous: 'Período anterior: ',
    rate: ['Cumplimiento', 'A tiempo'],
  },
  en: {
    title: 'Fitness test compliance',
    subtitle: 'All sites and shifts of the company, by worker and shift date',
    sections: ['Compliance by shift date', 'Levels by site', 'Detail by worker'],
    tiles: [
      'Compliance',
      'On time',
      'Missed tests',
      'Open cases',
      'Time to acknowledge',
      'Excused',
      'Blocked',
      'Invalid',
    ],
    columns: ['Worker', 'Position', 'Shift', 'Date', 'Level', 'Done', 'On time', 'Days'],
    explained:
      'Compliance is the number of tests done on time over those required whose time has passed, excused and blocked ones not counted; late, missed and invalid ones are shown beside it and never hidden in the rate.',
    target: 'Target 95%',
    previous: 'Previous period: ',
    rate: ['Compliance', 'On time'],
  },
  fr: {
    title: 'Conformité des tests d’aptitude',
    subtitle: 'Tous les sites et postes de l’entreprise, par travailleur et date de poste',
    sections: ['Conformité par date de poste', 'Niveaux par site', 'Détail par travailleur'],
    tiles: [
      'Conformité',
      'À l’heure',
      'Tests manqués',
      'Dossiers ouverts',
      'Délai d’accusé',
      'Excusés',
      'Bloqués',
      'Invalides',
    ],
    columns: ['Travailleur', 'Fonction', 'Poste', 'Date', 'Niveau', 'Effectués', 'À l’heure', 'Jours'],
    explained:
      'La conformité est le nombre de tests effectués à l’heure sur ceux exigés dont l’heure est passée, sans compter les excusés ni les bloqués ; les tests tardifs, manqués et invalides sont montrés à côté et jamais cachés dans le taux.',
    target: 'Objectif 95 %',
    previous: 'Période précédente : ',
    rate: ['Conformité', 'À l’heure'],
  },
} as const;

const FIRST = [
  'María José',
  'Juan Ignacio',
  'Ñusta',
  'Hélène',
  'Øyvind',
  'François-Xavier',
  'Łukasz',
  'Begoña',
  'Zoë',
  'Luis',
];
const LAST = [
  'Oyarzún Etcheverría',
  'Núñez',
  "O'Higgins de la Fuente y Sotomayor",
  'Müller',
  'Peña',
  'Dvořák',
  'Aït-Benhaddou',
  'Wałęsa',
];
const SITES = [
  'Mina Cerro Ñandú – Rajo Norte',
  'Planta concentradora',
  'Puerto Caleta Coloso (muelle y acopio de concentrado)',
  'Campamento',
];
const POSITIONS = ['Operador/a CAEX', 'Supervisor/a', 'Mantenedor/a mecánico/a de planta', 'Geólogo/a', 'Conductor/a'];
const TONE_ORDER: Tone[] = ['green', 'yellow', 'orange', 'red', 'invalid', 'none'];

/** The name of the worker of a row of the sample, unique by its number. */
export function workerName(row: number): string {
  return `${row + 1}. ${FIRST[row % FIRST.length]} ${LAST[(row * 7) % LAST.length]}`;
}

/** A compliance report of three sections with `rows` rows, as a manager would get it; every figure follows from the row's number. */
export function sampleReport(locale: Locale, { rows = 400, compress = true } = {}): Readable {
  const i18n = createI18n({ folder: ownPath('locales') });
  const zone = 'America/Santiago';
  const format = i18n.formatters(locale, zone);
  const text = TEXTS[locale];
  const t = (key: string, params = {}) => i18n.t(locale, `common:${key}`, params);
  const createdAt = new Date('2026-04-01T12:34:00Z');
  const period = t('document.periodRange', { from: format.day('2026-01-01'), to: format.day('2026-03-31') });
  const author = 'Constanza Valdés-Undurraga';
  const company = 'Compañía Minera Doña Inés de Collahuasi SCM';
  const days = Array.from({ length: 90 }, (_, index) => Date.UTC(2026, 0, 1 + index));

  function* tableRows(): Generator<TableRow> {
    const perSite = Math.ceil(rows / SITES.length);
    for (let row = 0; row < rows; row++) {
      const site = SITES[Math.floor(row / perSite)] ?? '';
      if (row % perSite === 0) yield { group: site };
      const tone = TONE_ORDER[(row * row) % TONE_ORDER.length] ?? 'none';
      const rate = 0.8 + ((row * 37) % 200) / 1000;
      yield [
        workerName(row),
        POSITIONS[row % POSITIONS.length] ?? '',
        row % 2 ? '19:00 – 07:00' : '07:00 – 19:00',
        format.day(isoDay(days[row % 90] ?? 0)),
        { text: t(`level.${tone}`), tone },
        format.number(1000 + row),
        { text: format.percent(rate), bold: rate < 0.85 },
        format.number(row % 90),
      ];
    }
  }

  const options = {
    lang: locale,
    title: text.title,
    author,
    createdAt,
    compress,
    runningTitle: `${company} · ${text.title} · ${period}`,
    footer: t('document.generatedByAt', { name: author, time: format.dateTime(createdAt) }),
    pageOf: (page: number, total: string) => t('document.pageOf', { page, total }),
  };
  return pdfStream(options, async (report) => {
    report.titleBlock({
      company,
      title: text.title,
      subtitle: text.subtitle,
      facts: [
        { label: t('document.period'), value: period },
        { label: t('document.generatedBy'), value: author },
        { label: t('document.timeZone'), value: zone },
        { label: t('document.generatedAt'), value: format.dateTime(createdAt) },
      ],
    });
    const values = [
      format.percent(0.9234),
      format.percent(0.881),
      format.number(1234),
      '7',
      format.duration(485 * 60_000),
    ];
    const tones: (Tone | undefined)[] = ['yellow', 'yellow', 'red', 'orange', 'green'];
    report.tiles(
      text.tiles.map((label, index) => ({
        label,
        value: values[index] ?? format.number(index * 3),
        note: index < 2 ? `${text.previous}${format.percent(0.91)}` : undefined,
        tone: tones[index],
      })),
    );
    report.paragraph(text.explained);
    report.heading(text.sections[0]);
    report.lineChart({
      series: text.rate.map((label, line) => ({
        label,
        points: days.map((day, index) =>
          point(
            day,
            index > 40 && index < 45 ? null : 0.88 - line * 0.07 + 0.08 * Math.sin(index / 9) + ((index * 7) % 5) / 100,
          ),
        ),
      })),
      range: [0, 1],
      formatX: (x) => format.shortDay(isoDay(x)),
      formatY: (y) => format.percent(y, 0),
      target: { value: 0.95, label: text.target },
      empty: t('document.noData'),
    });
    report.heading(text.sections[1]);
    report.stackedBars({
      parts: TONE_ORDER.map((tone) => ({ tone, label: t(`level.${tone}`) })),
      bars: SITES.map((label, index) => ({
        label,
        values: [812 - index * 150, 120 + index * 31, 44, 17 + index, 9, 60 * index],
      })),
      formatValue: (value) => format.number(value),
      empty: t('document.noData'),
    });
    report.heading(text.sections[2]);
    const widths = [26, 19, 12, 12, 12, 10, 9, 7];
    await report.table({
      columns: text.columns.map((label, index) => ({
        label,
        width: widths[index] ?? 10,
        align: index > 4 ? 'right' : 'left',
      })),
      rows: tableRows(),
      continued: (group) => t('document.continued', { group }),
      empty: t('document.noRows'),
    });
  });
}

function isoDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

function point(x: number, y: number | null) {
  return { x, y };
}
