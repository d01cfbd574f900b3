import { Readable } from 'node:stream';
import { drawStackedBars, type StackedBars } from './pdf-bars.ts';
import { drawParagraph, drawTiles, drawTitleBlock, type Tile, type TitleBlock } from './pdf-blocks.ts';
import { drawLineChart, type LineChart } from './pdf-chart.ts';
import { createPages, type PageFurniture } from './pdf-pages.ts';
import { drawTable, type Table } from './pdf-table.ts';

export interface PdfOptions extends PageFurniture {
  /** Language of the texts (BCP 47), for screen readers. */
  lang: string;
  /** Title of the document, shown by viewers in place of the file name. */
  title: string;
  author: string;
  createdAt: Date;
  /** Sets the pages across: for tables of many columns. Default false. */
  landscape?: boolean;
  /** Default true; false keeps the text readable in the bytes. */
  compress?: boolean;
}

/** Draws a report from top to bottom. Only a table has to be awaited: it pulls its rows at the pace of the reader. */
export interface PdfReport {
  titleBlock: (block: TitleBlock) => void;
  tiles: (tiles: readonly Tile[]) => void;
  /** A section's heading; it is kept on the page of what follows. */
  heading: (text: string) => void;
  paragraph: (text: string) => void;
  lineChart: (chart: LineChart) => void;
  stackedBars: (bars: StackedBars) => void;
  table: (table: Table) => Promise<void>;
}

const BUFFERED_BYTES = 128 * 1024;

/**
 * An A4 report as a stream of bytes. `draw` runs once the stream is first read and waits at each page while nobody reads; when the
 * stream is destroyed, tables stop pulling and close their rows. An error in `draw` destroys the stream with it.
 *
 * Memory is flat: each page is written and let go when the next one starts. The number of pages is a small object of its own, to which
 * every page refers and which is written last, so that `page x of y` needs neither buffered pages nor a second pass.
 */
export function pdfStream(options: PdfOptions, draw: (report: PdfReport) => Promise<void> | void): Readable {
  let wake: (() => void) | undefined;
  let started = false;
  const stream = new Readable({
    highWaterMark: BUFFERED_BYTES,
    read() {
      if (!started) void run();
      started = true;
      wake?.();
    },
    destroy(error, done) {
      wake?.();
      done(error);
    },
  });

  const paced = async () => {
    await new Promise(setImmediate);
    while (!stream.destroyed && stream.readableLength >= BUFFERED_BYTES) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (stream.destroyed) throw new Error('the reader of the report has left');
  };

  const run = async () => {
    try {
      // Loaded with the first report: it brings fonts and their readers along.
      const { default: PdfKit } = await import('pdfkit');
      const doc = new PdfKit({
        size: 'A4',
        layout: options.landscape ? 'landscape' : 'portrait',
        margin: 0,
        autoFirstPage: false,
        compress: options.compress ?? true,
        pdfVersion: '1.7',
        lang: options.lang,
        displayTitle: true,
        info: { Title: options.title, Author: options.author, CreationDate: options.createdAt },
      });
      doc.on('data', (chunk: Buffer) => stream.push(chunk));
      doc.on('end', () => stream.push(null));
      const pages = createPages(doc, options);
      await draw({
        titleBlock: (block) => drawTitleBlock(pages, block),
        tiles: (tiles) => drawTiles(pages, tiles),
        heading: pages.heading,
        paragraph: (text) => drawParagraph(pages, text),
        lineChart: (chart) => drawLineChart(pages, chart),
        stackedBars: (bars) => drawStackedBars(pages, bars),
        table: (table) => drawTable(pages, table, paced),
      });
      pages.finish();
      doc.end();
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };

  return stream;
}
