import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { csvStream, type CsvCell } from '../../../src/platform/render/csv.ts';

const columns = [
  { key: 'name', label: 'Nombre' },
  { key: 'value', label: 'Valor' },
];

const formatNumber = (value: number) => String(value).replace('.', ',');

function* failing(): Generator<CsvCell[][]> {
  yield [['a', 1]];
  throw new Error('the database left');
}

describe('CSV', () => {
  it('writes headings and rows, of objects and of lists', async () => {
    const rows = [
      { name: 'Ana', value: 1.5, ignored: 'x' },
      { value: true },
      ['Luis', 7n],
      { name: null, value: undefined },
    ];
    expect(await text(csvStream([rows], { columns }))).to.equal('Nombre,Valor\r\nAna,1.5\r\n,true\r\nLuis,7\r\n,\r\n');
    expect(await text(csvStream([], { columns }))).to.equal('Nombre,Valor\r\n');
  });

  it('has a byte order mark, another separator and a decimal comma where asked', async () => {
    const stream = csvStream([[{ name: 'a;b', value: -1.5 }]], { columns, bom: true, separator: ';', formatNumber });
    const [first] = await stream.take(1).toArray();
    expect(Buffer.from(first).subarray(0, 3).toString('hex')).to.equal('efbbbf');
    const again = csvStream([[{ name: 'a;b', value: -1.5 }]], { columns, separator: ';', formatNumber });
    expect(await text(again)).to.equal('Nombre;Valor\r\n"a;b";-1,5\r\n');
  });

  it('makes formulas harmless and leaves numbers numbers', async () => {
    const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '-', '="a""b"'];
    for (const formula of formulas) {
      const csv = await text(
        csvStream([[{ name: formula, value: -1 }]], { columns: [...columns, { key: 'x', label: formula }] }),
      );
      const [heading, row] = parse(csv, { record_delimiter: '\r\n' });
      expect(row, JSON.stringify(formula)).to.deep.equal([`'${formula}`, '-1', '']);
      expect(heading).to.deep.equal(['Nombre', 'Valor', `'${formula}`]);
    }
    const harmless = await text(csvStream([[{ name: 'a=1', value: -0.5 }]], { columns }));
    expect(harmless).to.equal('Nombre,Valor\r\na=1,-0.5\r\n');
  });

  it('gives back any texts to a reader of CSV', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ñ', '"', ',', ';', '\n', '\r', ' ', "'", '🦤', '=') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1 }),
        fc.constantFrom(',', ';'),
        async (rows, separator) => {
          const csv = await text(csvStream([rows], { columns, separator: separator === ',' ? ',' : ';' }));
          const read: unknown = parse(csv, { delimiter: separator, record_delimiter: '\r\n', from: 2 });
          expect(read).to.deep.equal(
            rows.map((row) => row.map((value) => (/^[=\r]/.test(value) ? `'${value}` : value))),
          );
        },
      ),
    );
  });

  it('waits for a slow reader, and closes its source when the reader leaves', async () => {
    let pulled = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<Record<string, CsvCell>[]> {
      try {
        for (;;)
          yield await Promise.resolve(Array.from({ length: 100 }, () => ({ name: 'x'.repeat(99), value: pulled++ })));
      } finally {
        closed = true;
      }
    }
    const stream = csvStream(endless(), { columns });
    let read = 0;
    for await (const chunk of stream) {
      read += String(chunk).split('\r\n').length;
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      expect(pulled - read).to.be.lessThan(2_000);
      if (read > 5_000) break;
    }
    if (!closed) await new Promise(setImmediate);
    expect(closed).to.equal(true);
  });

  it('hands on an error of the source', async () => {
    const stream = csvStream(failing(), { columns }).resume();
    const [error] = await once(stream, 'error');
    expect(error).to.be.instanceOf(Error).with.property('message', 'the database left');
  });

  it('keeps memory flat over 300,000 rows', async () => {
    const child = `${import.meta.dirname}/csv.child.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, [child]);
    const { bytes, grownMb } = JSON.parse(stdout);
    expect(bytes).to.be.greaterThan(150_000_000);
    expect(grownMb).to.be.lessThan(80);
  }).timeout(60_000);
});
