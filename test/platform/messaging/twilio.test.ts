import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { PermanentDeliveryError, TransientDeliveryError } from '../../../src/platform/messaging/messages.ts';
import { createTwilioSms } from '../../../src/platform/messaging/twilio.ts';
import { createCertificate, trust } from '../../support/certificate.ts';
import { listen } from '../../support/listen.ts';
import { smsContract } from './sms.contract.ts';

const sms = { to: '+56912345678', text: 'Código 123 & más', id: 'sms-1' };

smsContract('Twilio', async () => {
  const certificate = createCertificate();
  const distrust = trust(certificate);
  const taken: { to: string; text: string }[] = [];
  const server = createServer(certificate, (incoming, response) => {
    void text(incoming).then((body) => {
      const form = new URLSearchParams(body);
      taken.push({ to: form.get('To')!, text: form.get('Body')! });
      response.writeHead(201).end(JSON.stringify({ sid: `SM${taken.length}` }));
    });
  });
  const baseUrl = (await listen(server)).replace('http:', 'https:');
  return {
    sms: createTwilioSms({ accountSid: 'AC1', authToken: 'secret', from: '+15005550006', baseUrl }),
    arrived: () => taken,
    close: () => {
      server.closeAllConnections();
      server.close();
      distrust();
    },
  };
});

describe('SMS through Twilio', () => {
  const certificate = createCertificate();
  let distrust: () => void;
  let server: Server;
  let baseUrl: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let requests: { path: string; authorization: string; form: Record<string, string> }[];

  const created = (_request: IncomingMessage, response: ServerResponse) =>
    response.writeHead(201).end(JSON.stringify({ sid: `SM${requests.length}` }));
  const refuse = (
    status: number,
    headers = {},
    body = '{"code":21211,"message":"The number +56912345678 is wrong"}',
  ) => {
    answer = (_request, response) => response.writeHead(status, headers).end(body);
  };
  const create = (options = {}) =>
    createTwilioSms({ accountSid: 'AC1', authToken: 'secret', from: '+15005550006', baseUrl, ...options });
  const outcomeOf = (options = {}) =>
    create(options)
      .send(sms)
      .catch((error: unknown) => error);

  before(async () => {
    distrust = trust(certificate);
    server = createServer(certificate, (request, response) => {
      void text(request).then((body) => {
        const form = Object.fromEntries(new URLSearchParams(body));
        requests.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '', form });
        answer(request, response);
      });
    });
    baseUrl = (await listen(server)).replace('http:', 'https:');
  });
  beforeEach(() => {
    requests = [];
    answer = created;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    distrust();
  });

  it('posts the message with our account and gives back its sid', async () => {
    expect(await create().send(sms)).to.deep.equal({ providerId: 'SM1' });
    expect(requests).to.deep.equal([
      {
        path: '/2010-04-01/Accounts/AC1/Messages.json',
        authorization: `Basic ${Buffer.from('AC1:secret').toString('base64')}`,
        form: { To: sms.to, Body: sms.text, From: '+15005550006' },
      },
    ]);
    await create({ from: 'MG42' }).send(sms);
    expect(requests[1]?.form).to.deep.equal({ To: sms.to, Body: sms.text, MessagingServiceSid: 'MG42' });
  });

  it('sends an id once, one after the other or at once, and again only if it failed', async () => {
    const carrier = create();
    const receipts = await Promise.all(Array.from({ length: 10 }, () => carrier.send(sms)));
    receipts.push(await carrier.send(sms));
    expect(receipts.map(({ providerId }) => providerId)).to.deep.equal(Array.from({ length: 11 }, () => 'SM1'));
    await carrier.send({ ...sms, id: 'sms-2' });
    expect(requests).to.have.length(2);
    refuse(503);
    expect(await carrier.send({ ...sms, id: 'sms-3' }).catch((error: unknown) => error)).to.be.instanceOf(
      TransientDeliveryError,
    );
    answer = created;
    expect(await carrier.send({ ...sms, id: 'sms-3' })).to.deep.equal({ providerId: 'SM4' });
  });

  it('forgets the oldest ids, not the newest', async () => {
    const carrier = create();
    for (let index = 0; index <= 1_000; index++) await carrier.send({ ...sms, id: `n-${index}` });
    await carrier.send({ ...sms, id: 'n-1000' });
    expect(requests).to.have.length(1_001);
    await carrier.send({ ...sms, id: 'n-0' });
    expect(requests).to.have.length(1_002);
  }).timeout(20_000);

  for (const status of [400, 403, 404]) {
    it(`takes ${status} as permanent, without naming the recipient`, async () => {
      refuse(status);
      const outcome = await outcomeOf();
      expect(outcome).to.be.instanceOf(PermanentDeliveryError);
      expect(outcome).to.have.property('message').that.includes('21211').and.does.not.include('569');
    });
  }

  for (const status of [401, 408, 429, 500, 503]) {
    it(`takes ${status} as transient`, async () => {
      refuse(status, { 'retry-after': '7' });
      expect(await outcomeOf())
        .to.be.instanceOf(TransientDeliveryError)
        .with.property('retryAfterMs', 7_000);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`never follows a redirect (${status}) with our credentials`, async () => {
      refuse(status, { location: `${baseUrl}/elsewhere` });
      expect(await outcomeOf()).to.be.instanceOf(TransientDeliveryError);
      expect(requests).to.have.length(1);
    });
  }

  it('waits as long as the carrier asks, in seconds or until a date, and no longer than a day', async () => {
    const pauseOf = async (value: string): Promise<unknown> => {
      refuse(429, { 'retry-after': value });
      const outcome = await outcomeOf();
      return outcome instanceof TransientDeliveryError ? outcome.retryAfterMs : outcome;
    };
    expect(await pauseOf('30')).to.equal(30_000);
    expect(await pauseOf('999999999')).to.equal(86_400_000);
    expect(await pauseOf('soon')).to.equal(undefined);
    expect(await pauseOf(new Date(Date.now() - 60_000).toUTCString())).to.equal(0);
    expect(await pauseOf(new Date(Date.now() + 3_600_000).toUTCString())).to.be.within(3_000_000, 3_600_000);
  });

  it('tells a carrier whose certificate it does not know nothing', async () => {
    distrust();
    const outcome = await outcomeOf();
    distrust = trust(certificate);
    expect(outcome).to.be.instanceOf(TransientDeliveryError);
    expect(requests).to.deep.equal([]);
  });

  it('reads no more of an answer than it needs', async () => {
    let sent = 0;
    answer = (_request, response) => {
      response.writeHead(201);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect(await outcomeOf()).to.be.instanceOf(TransientDeliveryError);
    expect(sent).to.be.lessThan(50_000_000);
  });

  it('keeps token, number and text out of every failure, causes included', async () => {
    const faults: (() => void)[] = [
      () => refuse(400),
      () => refuse(401),
      () => refuse(302, { location: 'http://elsewhere.example/' }),
      () => refuse(201, {}, '<html>+56912345678'),
      () => {
        answer = () => undefined;
      },
      () => {
        answer = (request) => request.socket.destroy();
      },
    ];
    for (const fault of faults) {
      fault();
      const told = inspect(await outcomeOf({ timeoutMs: 50 }), { depth: 10, showHidden: true });
      expect(told).to.contain('DeliveryError');
      for (const secret of ['AC1:secret', Buffer.from('AC1:secret').toString('base64'), '6912345678', 'digo'])
        expect(told).to.not.contain(secret);
    }
  });

  it('takes a success that it cannot read, silence, a cut and a dead address as transient', async () => {
    for (const body of ['<html>', 'null', '{}', '{"sid":7}']) {
      refuse(201, {}, body);
      expect(await outcomeOf(), body).to.be.instanceOf(TransientDeliveryError);
    }
    answer = () => undefined;
    expect(await outcomeOf({ timeoutMs: 50 })).to.be.instanceOf(TransientDeliveryError);
    answer = (_request, response) => response.writeHead(201).write('{"sid":');
    expect(await outcomeOf({ timeoutMs: 50 })).to.be.instanceOf(TransientDeliveryError);
    answer = (request) => request.socket.destroy();
    expect(await outcomeOf()).to.be.instanceOf(TransientDeliveryError);
    expect(await outcomeOf({ baseUrl: 'https://127.0.0.1:1' })).to.be.instanceOf(TransientDeliveryError);
  });

  it('asks the carrier nothing for a number that cannot be one', async () => {
    const outcome = await create()
      .send({ ...sms, to: '912345678' })
      .catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(PermanentDeliveryError);
    expect(requests).to.deep.equal([]);
  });
});
