import { expect } from 'chai';
import { createTxtRecords } from '../../../src/platform/dns/txt-records.ts';
import type { TxtRecords } from '../../../src/platform/dns/txt-records.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import type { DnsServer } from '../../support/dns-server.ts';

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error as { code: string }).code,
  );

describe('texts in DNS', () => {
  let server: DnsServer;
  let txtRecords: TxtRecords;

  before(async () => {
    server = await startDnsServer();
    txtRecords = createTxtRecords({ servers: [server.address] });
  });
  after(() => server.close());

  it('are answered whole, also in several parts; none where there are none', async () => {
    const long = 'x'.repeat(600);
    server.zone.set('_angelis.mina.cl', ['angelis-domain=x', long]).set('mina.cl', []);
    expect(await txtRecords('_angelis.mina.cl')).to.deep.equal(['angelis-domain=x', long]);
    expect(await txtRecords('mina.cl')).to.deep.equal([]);
    expect(await txtRecords('nowhere.cl')).to.deep.equal([]);
    expect(server.asked).to.deep.equal(['_angelis.mina.cl', 'mina.cl', 'nowhere.cl']);
  });

  it('are no answer when the server fails, or is not there', async () => {
    server.zone.set('broken.cl', 2);
    expect(await codeOf(txtRecords('broken.cl'))).to.equal('DNS_UNAVAILABLE');
    const gone = await startDnsServer();
    await gone.close();
    const deaf = createTxtRecords({ servers: [gone.address], timeout: 50, tries: 1 });
    expect(await codeOf(deaf('mina.cl'))).to.equal('DNS_UNAVAILABLE');
  });
});
