import { expect } from 'chai';
import { openSource } from '../../../../src/modules/fitness/sources/connection.ts';
import { createSourceReader, SourceFailure } from '../../../../src/modules/fitness/sources/reader.ts';
import type { ReaderOptions, SourceReader } from '../../../../src/modules/fitness/sources/reader.ts';
import { identityOf } from '../../../../src/modules/fitness/sources/rows.ts';
import { until } from '../../../support/until.ts';
import type { SourceKind, SourcePlace } from './place.ts';

const failureOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (error instanceof SourceFailure) return error.message;
    throw error;
  }
};

const AT = new Date('2026-04-05T03:30:00.123Z');
/** Longest read, in ms, where none is meant to take too long. */
const PATIENT = 10_000;
const GREATEST = Number.MAX_SAFE_INTEGER;

/** What every source must do, whatever server it lies on. */
export const sourceContract = (server: string, kind: SourceKind, open: (kind: SourceKind) => Promise<SourcePlace>) =>
  describe(`${kind.source} on ${server}`, () => {
    let place: SourcePlace;
    let readers: SourceReader[] = [];
    before(async () => {
      place = await open(kind);
    });
    afterEach(async () => {
      for (const reader of readers) await reader.close();
      readers = [];
    });
    after(() => place.close());

    const reader = (options: ReaderOptions & { url?: string; timeout?: number } = {}): SourceReader => {
      const { url = place.readUrl, timeout = PATIENT, ...rest } = options;
      const connection = openSource({ url, timeout, onError: () => undefined });
      const made = createSourceReader(connection, place.mapping, { failures: 100, ...rest });
      readers.push(made);
      return made;
    };
    const idsOf = (rows: readonly object[]) => rows.map((row) => ('id' in row ? String(row.id) : ''));
    /** Rows in an order that is not theirs, above all that is there. */
    let last = 0;
    const add = async (count: number): Promise<number[]> => {
      const ids = Array.from({ length: count }, () => (last += 1));
      await place.add(ids.toReversed().map((id) => kind.row(id, 'mine', `P-${id}`, AT)));
      return ids;
    };

    it('gives the rows above a cursor in ascending order, page by page to the end', async () => {
      const ids = (await add(7)).map(String);
      const made = reader();
      expect(idsOf(await made.readAfter(0, 3))).to.deep.equal(ids.slice(0, 3));
      expect(idsOf(await made.readAfter(3, 3))).to.deep.equal(ids.slice(3, 6));
      expect(idsOf(await made.readAfter(6, 3))).to.deep.equal(ids.slice(6));
      expect(await made.readAfter(7, 3)).to.deep.equal([]);
    });

    it('gives every value as it was written, whatever the zone of this process', async () => {
      const people = ['Ñandú-é-ü', '🙂👷🏽', 'O\'Higgins "x" \\ `y` [z]', 'P\u0301-composed'];
      const first = (last += 1);
      last += people.length;
      const written = people.map((person, index) => kind.row(first + index, 'mina-ñ', person, AT));
      await place.add([...written, kind.row(last, 'mina-ñ', 'bare', AT, true)]);
      const zone = process.env['TZ'];
      process.env['TZ'] = 'America/Santiago';
      const rows = await reader().readAfter(first - 1, 10);
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
      const identities = rows.map(identityOf);
      expect(identities.map(({ personCode }) => personCode)).to.deep.equal([...people, 'bare']);
      expect(new Set(identities.map(({ companyCode }) => companyCode))).to.deep.equal(new Set(['mina-ñ']));
      const tests = rows.map((row) => kind.read(row));
      for (const { takenAt } of tests) expect(takenAt).to.deep.equal(AT);
      const [full, bare] = [tests[0]!.content, tests.at(-1)!.content];
      if (full.kind === 'reaction' && bare.kind === 'reaction') {
        expect(full.report).to.include({ kss: 3, sleep24h: 7.5, sleep48h: 15, awakeHours: 2 });
        expect(full).to.have.property('timing', 'outside');
        expect(full.trials).to.deep.equal(JSON.parse(String(written[0]!['TrialsMs'])));
        expect(bare.report).to.equal(null);
        expect(tests.map(({ supervised }) => supervised)).to.deep.equal([true, true, true, true, false]);
        expect(tests[0]!.startedAt).to.deep.equal(new Date(AT.getTime() - 180_000));
      } else {
        expect(full).to.include({ pupilDiameter: 5.2, constrictionLatency: 280, saccadicVelocity: 70, risk: 'HIGH' });
        expect(bare).to.include({ pupilDiameter: null, saccadicVelocity: null, risk: 'LOW', quality: null });
      }
    });

    it('tells ids exactly, up to the greatest that a cursor takes', async () => {
      const great = [5_000_000_000, GREATEST - 1, GREATEST];
      await place.add(great.map((id) => kind.row(id, 'mine', 'P-great', AT)));
      expect(idsOf(await reader().readAfter(4_999_999_999, 5))).to.deep.equal(great.map(String));
      expect(idsOf(await reader().readAfter(GREATEST - 1, 5))).to.deep.equal([String(GREATEST)]);
    });

    it('knows whether the mapping fits', async () => {
      const made = reader();
      expect(await made.checkMapping()).to.deep.equal([]);
      const [column, name] = kind.optional;
      const columns = { ...place.mapping.columns, [name]: 'Nowhere' };
      const connection = openSource({ url: place.readUrl, timeout: PATIENT, onError: () => undefined });
      const other = createSourceReader(connection, { ...place.mapping, columns });
      readers.push(other);
      expect(await other.checkMapping()).to.deep.equal([
        `column Nowhere (${name}) is missing in ${place.mapping.table}`,
      ]);
      expect(await failureOf(other.readAfter(0, 1))).to.contain('Nowhere');
      const without = createSourceReader(connection, {
        ...place.mapping,
        columns: { ...place.mapping.columns, [name]: null },
      });
      expect((await without.readAfter(0, 1))[0]).to.not.have.property(name);
      expect(column).to.equal(place.mapping.columns[name as keyof typeof place.mapping.columns]);
      await place.hide(true);
      expect(await made.checkMapping()).to.deep.equal([
        `table ${place.mapping.table} is missing, or its columns may not be read`,
      ]);
      expect(await failureOf(made.readAfter(0, 1))).to.not.equal('none');
      await place.hide(false);
      expect(await made.readAfter(0, 1)).to.have.length(1);
    });

    it('tells a user that may write from one that may not, and reads nothing through it where it must not', async () => {
      expect(await reader().writingRights()).to.deep.equal([]);
      expect(await reader({ url: place.writeUrl }).writingRights()).to.include('INSERT');
      expect(await reader({ mustOnlyRead: true }).readAfter(0, 1)).to.have.length(1);
      const strict = reader({ url: place.writeUrl, mustOnlyRead: true });
      expect(await failureOf(strict.readAfter(0, 1))).to.match(/^its user may also .*INSERT.*: grant it SELECT only$/);
      expect(await failureOf(strict.readAfter(0, 1))).to.contain('INSERT');
      expect(await reader({ url: place.writeUrl }).readAfter(0, 1)).to.have.length(1);
    });

    it('fails without telling the password, when it is wrong and when it is right', async () => {
      const wrong = new URL(place.readUrl);
      wrong.password = 'mistaken-secret';
      const failure = await failureOf(reader({ url: wrong.href }).readAfter(0, 1));
      expect(failure)
        .to.match(/login|password|denied|authentication/i)
        .and.not.contain('mistaken-secret');
    });

    it('goes on after its connections were ended while they rested', async () => {
      const made = reader();
      const before = await made.readAfter(0, 5);
      await place.cut();
      await until(async () => (await place.connections()) === 0);
      // One that breaks in the very moment of a read may fail it once.
      await failureOf(made.readAfter(0, 5));
      expect(await made.readAfter(0, 5)).to.deep.equal(before);
    });

    it('fails a read whose connection ends in the middle, and reads the same afterwards', async () => {
      const made = reader();
      const before = await made.readAfter(0, 5);
      const release = await place.hold();
      const reading = failureOf(made.readAfter(0, 5));
      await until(async () => (await place.waiting()) > 0);
      await place.cut();
      expect(await reading).to.not.equal('none');
      await release();
      expect(await made.readAfter(0, 5)).to.deep.equal(before);
    });

    it('gives a read up that takes too long, and leaves nothing behind that others would wait for', async () => {
      const made = reader({ timeout: 300 });
      const before = await reader().readAfter(0, 5);
      const release = await place.hold();
      expect(await failureOf(made.readAfter(0, 5))).to.match(/time|300ms/i);
      expect(await failureOf(made.readAfter(0, 5))).to.match(/time|300ms/i);
      await release();
      expect(await reader().readAfter(0, 5)).to.deep.equal(before);
      await until(async () => (await failureOf(made.readAfter(0, 5))) === 'none');
      // Two of each of the three readers.
      await until(async () => (await place.connections()) <= 6);
    });

    it('asks no more while the circuit is open, and tries again after it', async () => {
      let now = false;
      const connection = openSource({ url: place.readUrl, timeout: PATIENT, onError: () => undefined });
      const counted = {
        ...connection,
        query: (...asked: Parameters<typeof connection.query>) => {
          now = true;
          return connection.query(...asked);
        },
      };
      const made = createSourceReader(counted, place.mapping, { failures: 2, halfOpenAfter: 1_000 });
      readers.push(made);
      await place.hide(true);
      await failureOf(made.readAfter(0, 1));
      await failureOf(made.readAfter(0, 1));
      now = false;
      expect(await failureOf(made.readAfter(0, 1))).to.equal('it failed several times in a row');
      expect(now).to.equal(false);
      await place.hide(false);
      await until(async () => (await failureOf(made.readAfter(0, 1))) === 'none');
    });

    it('answers questions that are asked at once each with its own', async () => {
      const made = reader();
      const asked = Array.from({ length: 10 }, (_, after) => made.readAfter(after, 1));
      const [missing, ...pages] = await Promise.all([made.checkMapping(), ...asked]);
      expect(missing).to.deep.equal([]);
      expect(pages.flatMap(idsOf)).to.deep.equal(Array.from({ length: 10 }, (_, after) => String(after + 1)));
    });

    it('leaves no connection behind when it is closed', async () => {
      const made = reader();
      await made.readAfter(0, 1);
      await made.close();
      readers = [];
      await until(async () => (await place.connections()) === 0);
    });
  });
