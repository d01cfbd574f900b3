import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { pdfStream, type PdfReport } from '../../../src/platform/render/pdf.ts';
import type { TableRow } from '../../../src/platform/render/pdf-table.ts';
import { pageText, readPdf } from '../../support/pdf-reader.ts';
import { sampleReport, workerName } from '../../support/sample-report.ts';

const options = {
  lang: 'es-CL',
  title: 'Título',
  author: 'Ana Núñez',
  createdAt: new Date('2026-04-01T12:00:00Z'),
  compress: false,
  runningTitle: 'Running',
  footer: 'Foot',
  pageOf: (page: number, total: string) => `Page ${page} of ${total}`,
};
const columns = [
  { label: 'Name', width: 3 },
  { label: 'Value', width: 1, align: 'right' as const },
];
const table = (rows: AsyncIterable<TableRow> | Iterable<TableRow>) => ({
  columns,
  rows,
  continued: (group: string) => `${group} (continued)`,
  empty: 'No rows',
});
const numbered = (count: number): TableRow[] => Array.from({ length: count }, (_, row) => [`row ${row}`, String(row)]);
const render = (draw: (report: PdfReport) => Promise<void> | void) => readPdf(pdfStream(options, draw));

describe('PDF report', () => {
  const words = {
    es: { header: 'Trabajador', of: 'de', page: 'Página', more: '(continuación)' },
    en: { header: 'Worker', of: 'of', page: 'Page', more: '(continued)' },
    fr: { header: 'Travailleur', of: 'sur', page: 'Page', more: '(suite)' },
  };
  for (const locale of ['es', 'en', 'fr'] as const) {
    it(`carries every row once, with headers, groups and page x of y on each page, in ${locale}`, async () => {
      const { pages } = await readPdf(sampleReport(locale, { compress: false }));
      const { header, of, page: word, more } = words[locale];
      expect(pages.length).to.be.within(9, 11);
      pages.forEach((page, index) => {
        const texts = page.map(({ text }) => text);
        expect(texts).to.include(`${word} ${index + 1} ${of} ${pages.length}`);
        expect(texts.filter((text) => text === header)).to.have.length(index === 0 ? 0 : 1);
        expect(pageText(page)).to.include('Constanza Valdés-Undurraga');
        expect(texts.filter((text) => text.includes('Doña Inés'))).to.have.length(1);
      });
      const names = pages.flat().flatMap(({ text }) => /^(\d+)\. /.exec(text)?.[1] ?? []);
      expect(names).to.deep.equal(Array.from({ length: 400 }, (_, row) => String(row + 1)));
      expect(pages.flat().map(({ text }) => text)).to.include(workerName(1));
      expect(pages.slice(2).filter((page) => page.some(({ text }) => text.endsWith(more)))).to.have.length.greaterThan(
        4,
      );
    });
  }

  it('places every text within the margins, above the foot and below the head', async () => {
    const { pages } = await readPdf(sampleReport('fr', { compress: false }));
    for (const { text, x, y } of pages.flat()) {
      expect(x, text).to.be.within(42, 555);
      expect(y, text).to.be.within(28, 820);
    }
    const body = pages.flatMap((page) => page.filter(({ text }) => /^\d+\. /.test(text)));
    expect(Math.max(...body.map(({ y }) => y))).to.be.lessThan(841.89 - 50);
  });

  it('writes the letters of other alphabets, regular and bold, in a font that it brings only then', async () => {
    const names = ['Łukasz Święcicki', 'Ștefan Țepeș', 'Олена Кравчук', 'Γιώργος'];
    const rows = (texts: readonly string[]): TableRow[] => texts.map((text) => [text, { text, bold: true }]);
    const { pages, raw } = await render((report) => report.table(table(rows([...names, 'María Ñandú']))));
    const texts = pages[0]!.map(({ text }) => text);
    for (const name of names) expect(texts.filter((text) => text === name)).to.have.length(2);
    expect(raw.match(/\/FontFile2/g)).to.have.length(2);
    // What stands in one row stands on one line, whichever font writes it.
    const [first, second] = pages[0]!.filter(({ text }) => text === 'María Ñandú');
    const [other] = pages[0]!.filter(({ text }) => text === 'Γιώργος');
    expect(first!.y)
      .to.equal(second!.y)
      .and.be.closeTo(other!.y + 15, 0.01);
    const ordinary = await render((report) => report.table(table(rows(['María Ñandú 5 € – “sí” ≤ 3']))));
    expect(ordinary.raw).not.to.include('FontFile');
  });

  it('names itself, its language and its maker for viewers and screen readers', async () => {
    const { raw } = await render((report) => report.paragraph('x'));
    expect(raw).to.include('/Lang (es-CL)').and.to.include('/DisplayDocTitle true').and.to.include('%PDF-1.7');
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16().toString('latin1');
    expect(raw).to.include(utf16('Título')).and.to.include(utf16('Ana Núñez'));
    expect(raw).to.include('(D:20260401120000Z)');
  });

  it('shrinks the heading of a narrow column, and breaks no word of it', async () => {
    const widths = Array.from({ length: 60 }, (_, step) => 7 + step / 60);
    const { pages } = await render(async (report) => {
      for (const width of widths)
        await report.table({
          ...table([]),
          columns: [
            { label: 'Rest', width: 60 },
            { label: 'Cumplimiento', width },
          ],
        });
    });
    const headings = pages.flat().filter(({ text }) => text.startsWith('Cumpl'));
    expect(headings.map(({ text }) => text)).to.deep.equal(widths.map(() => 'Cumplimiento'));
  });

  it('keeps headings with what follows and groups with their first row, wherever the page ends', async () => {
    for (let before = 25; before < 48; before++) {
      const rows: TableRow[] = [{ group: 'First' }, ...numbered(before), { group: 'Second' }, ['after group', '']];
      const { pages } = await render(async (report) => {
        await report.table(table(rows));
        report.heading('Heading');
        report.paragraph('after heading');
        report.heading('Chart');
        report.stackedBars({
          parts: [{ tone: 'red', label: 'Red' }],
          bars: [{ label: 'bar', values: [1] }],
          formatValue: String,
          empty: '',
        });
      });
      const pageOf = (wanted: string) => pages.findIndex((page) => page.some(({ text }) => text === wanted));
      expect(pageOf('Second'), `${before} rows`).to.equal(pageOf('after group')).and.to.be.greaterThan(-1);
      const row = pages.flat().find(({ text }) => text === 'after group');
      expect(row?.y, `${before} rows`).to.be.lessThan(841.89 - 50);
      expect(pageOf('Heading'), `${before} rows`).to.equal(pageOf('after heading')).and.to.be.greaterThan(-1);
      expect(pageOf('Chart'), `${before} rows`).to.equal(pageOf('bar')).and.to.be.greaterThan(-1);
    }
  });

  it('leaves no row or two alone on a last page, nor a header without rows, wherever the page ends', async () => {
    for (const groups of [[], [{ group: 'First' }]] satisfies TableRow[][])
      for (let count = 44; count < 58; count += 1)
        for (const last of [[], [{ group: 'Last' }, ['row last', '']]] satisfies TableRow[][]) {
          const { pages } = await render((report) =>
            report.table(table([...groups, ...numbered(count - last.length), ...last])),
          );
          const shown = pages.map((page) => page.filter(({ text }) => /^(row |Last$)/.test(text)).length);
          const said = `${count} rows: ${shown.join(' ')}`;
          expect(
            shown.reduce((sum, rows) => sum + rows, 0),
            said,
          ).to.equal(count);
          expect(Math.min(...shown), said).to.be.at.least(3);
          const ends = pages.map((page) => page.filter(({ text }) => /^(row |Last$)/.test(text)).at(-1)!.text);
          expect(ends.slice(0, -1), said).to.not.include('Last');
        }
    for (let above = 25; above < 48; above += 1) {
      const { pages } = await render(async (report) => {
        await report.table(table(numbered(above)));
        await report.table({ ...table(numbered(3)), columns: [{ label: 'Second', width: 1 }] });
      });
      const at = pages.findIndex((page) => page.some(({ text }) => text === 'Second'));
      expect(
        pages[at]!.filter(({ text }) => text === 'row 0'),
        `${above} rows`,
      ).to.have.length.greaterThan(0);
      expect(at, `${above} rows`).to.equal(pages.length - 1);
    }
  });

  it('says that a table, a chart or bars are empty, and draws groups without rows', async () => {
    const { pages } = await render(async (report) => {
      await report.table(table([]));
      await report.table(table([{ group: 'A' }, { group: 'B' }]));
      report.lineChart({
        series: [{ label: 's', points: [{ x: 1, y: null }] }],
        formatX: String,
        formatY: String,
        empty: 'No line',
      });
      report.stackedBars({ parts: [], bars: [], formatValue: String, empty: 'No bars' });
      report.tiles([]);
      report.heading('Last heading');
    });
    const texts = pages.flat().map(({ text }) => text);
    expect(texts).to.include.members(['No rows', 'A', 'B', 'No line', 'No bars', 'Last heading']);
    expect(texts.filter((text) => text === 'No rows')).to.have.length(1);
  });

  it('draws lines of one point, below zero and flat, and refuses more than four', async () => {
    const chart = (...ys: (number | null)[]) => ({
      series: [{ label: 's', points: ys.map((y, x) => ({ x, y })) }],
      formatX: (x: number) => `x${x}`,
      formatY: (y: number) => `y${y}`,
      empty: 'empty',
    });
    const { pages, raw } = await render((report) => {
      report.lineChart(chart(5));
      report.lineChart(chart(-3, null, -8));
      report.lineChart(chart(0, 0, 0));
      report.lineChart(chart(1e12, 2e12));
    });
    const texts = pages.flat().map(({ text }) => text);
    expect(texts).to.include.members(['y5', 'x0', 'y-8', 'y0', 'y2000000000000']);
    expect(raw).not.to.match(/NaN|Infinity|undefined/);
    const five = { ...chart(1), series: Array.from({ length: 5 }, () => chart(1).series).flat() };
    const refused = await render((report) => report.lineChart(five)).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RangeError);
  });

  it('begins a ratio’s axis below its values where these are all high, and says so', async () => {
    const textsOf = async (...ys: number[]) => {
      const { pages } = await render((report) =>
        report.lineChart({
          series: [{ label: 's', points: ys.map((y, x) => ({ x, y })) }],
          range: [0, 1],
          shortened: (lowest) => `from ${lowest}`,
          formatX: (x) => `x${x}`,
          formatY: (y) => `${Math.round(y * 100)}%`,
          empty: 'empty',
        }),
      );
      return pages.flat().map(({ text }) => text);
    };
    expect(await textsOf(0.97, 0.962, 1))
      .to.include.members(['from 95%', '95%', '100%'])
      .and.not.include('0%');
    expect(await textsOf(1, 1)).to.include.members(['from 95%', '95%']);
    expect(await textsOf(0.95, 0.99)).to.include('from 90%');
    const low = await textsOf(0.4, 0.99);
    expect(low).to.include('0%');
    expect(low.filter((text) => text.startsWith('from'))).to.deep.equal([]);
  });

  it('never fails on a text, whatever it holds', async () => {
    const odd = ['ñ', '\n', '\u0000', '\ud800', '🦤', 'e\u0301', '\u202e', '漢', 'ﬁ', 'ő'];
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...odd) }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyText, { minLength: 6, maxLength: 6 }),
        async ([a = '', b = '', c = '', d = '', e = '', f = '']) => {
          const { pages, raw } = await render(async (report) => {
            report.titleBlock({ company: a, title: b, subtitle: c, facts: [{ label: d, value: e }] });
            report.tiles([{ label: a, value: f, note: b }]);
            report.heading(c);
            report.paragraph(d);
            await report.table({ ...table([{ group: e }, [a, f]]), columns: [{ label: b, width: 1 }] });
          });
          expect(pages).to.have.length(1);
          expect(raw).not.to.match(/NaN|undefined/);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('draws nothing until it is read, waits for a slow reader, and closes the rows when the reader leaves', async () => {
    const state = { pulled: 0, closed: false };
    async function* endless(): AsyncGenerator<TableRow> {
      try {
        for (;;) yield await Promise.resolve([`row ${state.pulled++}`, 'x'.repeat(10)]);
      } finally {
        state.closed = true;
      }
    }
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
    };
    const stream = pdfStream(options, (report) => report.table(table(endless())));
    await turns(50);
    expect(state.pulled).to.equal(0);
    stream.read(0);
    let seen = -1;
    while ((state.pulled !== seen || seen === 0) && seen < 20_000) {
      seen = state.pulled;
      await turns(300);
    }
    if (seen > 5_000) stream.destroy();
    expect(seen).to.be.within(50, 5_000);
    while (state.pulled === seen) {
      stream.read();
      await turns(1);
    }
    stream.destroy();
    while (!state.closed) await turns(1);
    expect(state.pulled).to.be.lessThan(seen + 5_000);
  });

  it('hands on an error of the rows', async () => {
    function* failing(): Generator<TableRow> {
      yield ['a', 'b'];
      throw new Error('the database left');
    }
    const stream = pdfStream(options, (report) => report.table(table(failing()))).resume();
    const [error] = await once(stream, 'error');
    expect(error).to.be.instanceOf(Error).with.property('message', 'the database left');
  });

  it('keeps memory flat over 40,000 rows', async () => {
    const child = `${import.meta.dirname}/pdf.child.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child]);
    const { bytes, grownMb, pages } = JSON.parse(stdout);
    expect(pages).to.be.greaterThan(800);
    expect(bytes).to.be.greaterThan(20_000_000);
    expect(grownMb).to.be.lessThan(10);
  }).timeout(60_000);
});
