import { expect } from 'chai';
import { createAssembler, packetize, TYPE } from '../../../support/tds/packets.ts';
import type { Message } from '../../../support/tds/packets.ts';
import { readBatch, readCall, readLogin, readPrelogin, writePrelogin } from '../../../support/tds/requests.ts';
import * as tokens from '../../../support/tds/tokens.ts';
import { columnType } from '../../../support/tds/types.ts';

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const messageOf = (text: string): Message => {
  const messages = createAssembler()(bytes(text));
  if (messages.length !== 1) throw new Error(`${messages.length} messages`);
  return messages[0]!;
};

/* The examples that Microsoft publishes in section 4 of [MS-TDS]. */
const PRELOGIN = `12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 00
  01 FF 09 00 00 00 00 00 01 00 B8 0D 00 00 01`;
const LOGIN = `10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 72 00 10 00 00 00 00 00 07 00 01 00 00 00 00 00 00
  E0 03 00 00 00 00 00 00 09 04 00 00 5E 00 08 00 6E 00 02 00 72 00 00 00 72 00 07 00 80 00 00 00 80 00 00 00
  80 00 04 00 88 00 00 00 88 00 00 00 00 50 8B E2 B7 8F 88 00 00 00 88 00 00 00 88 00 00 00 00 00 00 00
  73 00 6B 00 6F 00 73 00 74 00 6F 00 76 00 31 00 73 00 61 00 4F 00 53 00 51 00 4C 00 2D 00 33 00 32 00
  4F 00 44 00 42 00 43 00`;
const LOGIN_ANSWER = `04 01 01 61 00 00 01 00 E3 1B 00 01 06 6D 00 61 00 73 00 74 00 65 00 72 00 06 6D 00 61 00 73 00
  74 00 65 00 72 00 AB 58 00 45 16 00 00 02 00 25 00 43 00 68 00 61 00 6E 00 67 00 65 00 64 00 20 00 64 00 61 00 74 00
  61 00 62 00 61 00 73 00 65 00 20 00 63 00 6F 00 6E 00 74 00 65 00 78 00 74 00 20 00 74 00 6F 00 20 00 27 00 6D 00 61
  00 73 00 74 00 65 00 72 00 27 00 2E 00 00 00 00 00 00 00 E3 08 00 07 05 09 04 D0 00 34 00 E3 17 00 02 0A 75 00 73 00
  5F 00 65 00 6E 00 67 00 6C 00 69 00 73 00 68 00 00 E3 13 00 04 04 34 00 30 00 39 00 36 00 04 34 00 30 00 39 00 36 00
  AB 5C 00 47 16 00 00 01 00 27 00 43 00 68 00 61 00 6E 00 67 00 65 00 64 00 20 00 6C 00 61 00 6E 00 67 00 75 00 61 00
  67 00 65 00 20 00 73 00 65 00 74 00 74 00 69 00 6E 00 67 00 20 00 74 00 6F 00 20 00 75 00 73 00 5F 00 65 00 6E 00 67
  00 6C 00 69 00 73 00 68 00 2E 00 00 00 00 00 00 00 AD 36 00 01 72 09 00 02 16 4D 00 69 00 63 00 72 00 6F 00 73 00 6F
  00 66 00 74 00 20 00 53 00 51 00 4C 00 20 00 53 00 65 00 72 00 76 00 65 00 72 00 00 00 00 00 00 00 00 00 FD 00 00 00
  00 00 00 00 00 00 00 00 00`;
const BATCH = `01 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 0A 00
  73 00 65 00 6C 00 65 00 63 00 74 00 20 00 27 00 66 00 6F 00 6F 00 27 00 20 00 61 00 73 00 20 00 27 00
  62 00 61 00 72 00 27 00 0A 00 20 00 20 00 20 00 20 00 20 00 20 00 20 00 20 00`;
const BATCH_ANSWER = `04 01 00 33 00 00 01 00 81 01 00 00 00 00 00 20 00 A7 03 00 09 04 D0 00 34 03 62 00 61 00 72 00
  D1 03 00 66 6F 6F FD 10 00 C1 00 01 00 00 00 00 00 00 00`;
const CALL = `03 01 00 2F 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 04 00
  66 00 6F 00 6F 00 33 00 00 00 00 02 26 02 00`;
const CALL_ANSWER = `04 01 00 27 00 00 01 00 FF 11 00 C1 00 01 00 00 00 00 00 00 00 79 00 00 00 00 FE 00 00 E0 00 00
  00 00 00 00 00 00 00`;
const ATTENTION = '06 01 00 08 00 00 01 00';
const BULK = `07 01 00 26 00 00 01 00 81 01 00 00 00 00 00 05 00 32 02 63 00 31 00 D1 00 FD 00 00 00 00 00 00
  00 00 00 00 00 00`;

describe('the test server’s TDS, held to the examples of [MS-TDS]', () => {
  it('reads the pre-login request of 4.1, and writes the same', () => {
    const { type, payload } = messageOf(PRELOGIN);
    const options = readPrelogin(payload);
    expect(type).to.equal(TYPE.prelogin);
    expect([...options].map(([token, value]) => [token, value.toString('hex')])).to.deep.equal([
      [0, '090000000000'],
      [1, '01'],
      [2, '00'],
      [3, 'b80d0000'],
      [4, '01'],
    ]);
    expect(packetize({ type, payload: writePrelogin([...options]) })).to.deep.equal(bytes(PRELOGIN));
  });

  it('reads the login request of 4.2', () => {
    const { type, payload } = messageOf(LOGIN);
    expect(type).to.equal(TYPE.login);
    expect(readLogin(payload)).to.deep.equal({
      tdsVersion: 0x72_09_00_02,
      packetSize: 4_096,
      host: 'skostov1',
      user: 'sa',
      password: '',
      application: 'OSQL-32',
      library: 'ODBC',
      database: '',
      readOnly: false,
    });
  });

  it('writes the answer to it of 4.4', () => {
    const payload = tokens.loginResponse({
      database: 'master',
      packetSize: 4_096,
      packetSizeBefore: 4_096,
      server: '',
      tdsVersion: [0x72, 0x09, 0x00, 0x02],
      program: 'Microsoft SQL Server\0\0',
      programVersion: [0, 0, 0, 0],
    });
    expect(packetize({ type: TYPE.response, payload })).to.deep.equal(bytes(LOGIN_ANSWER));
  });

  it('reads the SQL batch of 4.6', () => {
    const { type, payload } = messageOf(BATCH);
    expect(type).to.equal(TYPE.batch);
    expect(readBatch(payload)).to.equal("\nselect 'foo' as 'bar'\n        ");
  });

  it('writes the answer to it of 4.7', () => {
    const columns = [{ name: 'bar', type: columnType('varchar(3)'), flags: 0x20 }];
    const payload = Buffer.concat([tokens.columnMetadata(columns), tokens.row(columns, ['foo']), tokens.doneOf(1)]);
    expect(packetize({ type: TYPE.response, payload })).to.deep.equal(bytes(BATCH_ANSWER));
  });

  it('reads the remote call of 4.8', () => {
    const { type, payload } = messageOf(CALL);
    expect(type).to.equal(TYPE.rpc);
    expect(readCall(payload)).to.deep.equal({
      procedure: 'foo3',
      parameters: [{ name: '', type: 'smallint', value: null }],
    });
  });

  it('writes what ends a call as in 4.9', () => {
    expect(packetize({ type: TYPE.response, payload: tokens.procedureEnd(1) })).to.deep.equal(bytes(CALL_ANSWER));
  });

  it('reads the attention of 4.10', () => {
    expect(messageOf(ATTENTION)).to.deep.equal({ type: TYPE.attention, payload: Buffer.alloc(0) });
  });

  it('writes columns, a row and what ends them as in 4.12', () => {
    const columns = [{ name: 'c1', type: columnType('bit not null'), flags: 0x05 }];
    const payload = Buffer.concat([tokens.columnMetadata(columns), tokens.row(columns, [false]), tokens.donePlain]);
    expect(packetize({ type: 0x07, payload })).to.deep.equal(bytes(BULK));
  });

  it('puts together what comes in pieces, and in packets', () => {
    const payload = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));
    const sent = Buffer.concat([
      packetize({ type: 1, payload }, 100),
      packetize({ type: 6, payload: Buffer.alloc(0) }),
    ]);
    const assemble = createAssembler();
    const messages = [...sent].flatMap((byte) => assemble(Buffer.from([byte])));
    expect(messages).to.deep.equal([
      { type: 1, payload },
      { type: 6, payload: Buffer.alloc(0) },
    ]);
  });
});
