import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { listen } from '../support/listen.ts';

/* Needs nginx 1.22 or later on the PATH. */
const run = promisify(execFile);
const config = (name: string) => new URL(`../../config/nginx/${name}`, import.meta.url).pathname;

describe('the gateway', () => {
  let folder: string;
  let nginx: ChildProcess;
  let web: Server;
  let answer: (incoming: IncomingMessage, response: ServerResponse) => void;
  let seen: IncomingMessage[];
  let https: number;
  let http: number;
  const log = () => readFile(join(folder, 'log'), 'utf8');
  const agent = new Agent({ rejectUnauthorized: false, keepAlive: false });

  before(async function start() {
    this.timeout(20_000);
    folder = await mkdtemp(join(tmpdir(), 'angelis-gateway-'));
    web = createServer((incoming, response) => {
      seen.push(incoming);
      answer(incoming, response);
    });
    web.on('upgrade', (incoming, socket) => {
      seen.push(incoming);
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello');
    });
    const url = new URL(await listen(web));
    [http, https] = [await freePort(), await freePort()];
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      join(folder, 'server.key'),
    ];
    await run('openssl', [
      'req',
      '-x509',
      ...key,
      '-out',
      join(folder, 'server.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ]);
    const placed = async (name: string): Promise<string> =>
      (await readFile(config(name), 'utf8'))
        .replaceAll(/\b(?:web:3000|keycloak:8080)/gu, url.host)
        .replaceAll('/etc/nginx/tls', folder)
        .replaceAll('/etc/nginx/sites/*.conf', join(folder, 'keycloak.conf'))
        .replaceAll('/etc/nginx/proxy.conf', config('proxy.conf'))
        .replaceAll('/tmp/nginx', join(folder, 'nginx'))
        .replaceAll(/\/dev\/(stdout|stderr)/gu, join(folder, 'log'))
        .replaceAll(/listen 8080;\s+listen \[::\]:8080/gu, `listen 127.0.0.1:${http}`)
        .replaceAll(/listen 8443 ssl http2;\s+listen \[::\]:8443/gu, `listen 127.0.0.1:${https}`);
    for (const name of ['nginx.conf', 'keycloak.conf']) await writeFile(join(folder, name), await placed(name));
    // Its workers write into our folder: they run as whoever we are.
    const user = process.getuid?.() === 0 ? ' user root;' : '';
    nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-g', `daemon off;${user}`], {
      stdio: 'ignore',
    });
    for (;;) {
      if (nginx.exitCode !== null) throw new Error(`nginx ended: ${await log()}`);
      if (await get('/angelis/health/live').then(Boolean, () => false)) break;
      await sleep(50);
    }
  });
  beforeEach(() => {
    seen = [];
    answer = (_incoming, response) => void response.end('{}');
  });
  after(async () => {
    if (nginx.kill('SIGTERM')) await once(nginx, 'exit');
    web.closeAllConnections();
    web.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (path: string, options: RequestOptions = {}, body?: Buffer): Promise<IncomingMessage> => {
    const asked = request({ host: '127.0.0.1', port: https, path, agent, ...options });
    asked.end(body);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  };
  const get = async (path: string, options?: RequestOptions, body?: Buffer): Promise<IncomingMessage> => {
    seen ??= [];
    answer ??= (_incoming, response) => void response.end('{}');
    const response = await open(path, options, body);
    response.resume();
    await once(response, 'end');
    return response;
  };

  it('speaks TLS only, and tells browsers to stay there', async () => {
    const plain = await fetch(`http://127.0.0.1:${http}/angelis/health`, { redirect: 'manual' });
    expect(plain.status).to.equal(308);
    expect(plain.headers.get('location')).to.equal('https://127.0.0.1/angelis/health');
    const { statusCode, headers } = await get('/angelis/health');
    expect(statusCode).to.equal(200);
    expect(headers['strict-transport-security']).to.match(/max-age=63072000/);
    expect((await get('/angelis/common/enums')).headers['strict-transport-security']).to.match(/max-age/);
    expect((await get('/elsewhere')).statusCode).to.equal(404);
  });

  it('says once to stay there, and leaves it to a process to answer headers that are too large', async () => {
    answer = (_incoming, response) => void response.setHeader('strict-transport-security', 'max-age=1').end('{}');
    const { rawHeaders } = await get('/angelis/health');
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'strict-transport-security')).to.have.length(1);
    const large = await get('/angelis/health', { headers: { Authorization: `Bearer ${'a'.repeat(20_000)}` } });
    expect(large.statusCode).to.equal(431);
  });

  it('names the client itself: what the client says about its address is dropped', async () => {
    await get('/angelis/health', { headers: { 'X-Forwarded-For': '6.6.6.6', 'X-Forwarded-Proto': 'gopher' } });
    expect(seen[0]?.headers).to.include({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' });
  });

  it('keeps lists that are the same for everybody, by language, and hands no session to them', async () => {
    answer = (_incoming, response) => {
      response.setHeader('content-type', 'application/json').setHeader('ratelimit', '"anonymous";r=1;t=60').end('[]');
    };
    const headers = { Authorization: 'Bearer x', 'Accept-Language': 'fr' };
    const first = await get('/angelis/common/countries', { headers });
    expect(first.headers).to.include({ 'x-cache': 'MISS' }).and.not.have.property('ratelimit');
    expect((await get('/angelis/common/countries', { headers })).headers['x-cache']).to.equal('HIT');
    const other = await get('/angelis/common/countries', { headers: { 'Accept-Language': 'es' } });
    expect(other.headers['x-cache']).to.equal('MISS');
    expect(seen).to.have.length(2);
    expect(seen[0]?.headers).to.not.have.property('authorization');
    await get('/angelis/workforce/projects', { headers });
    expect(seen[2]?.headers.authorization).to.equal('Bearer x');
  });

  it('hands on live streams as they come, and WebSockets', async () => {
    let finish = (): void => undefined;
    answer = (_incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\ndata: {}\n\n');
      finish = () => void response.end();
    };
    const stream = await open('/angelis/notification/stream', { headers: { 'Accept-Encoding': 'gzip' } });
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(first.toString()).to.equal('id: 1\ndata: {}\n\n');
    finish();
    await once(stream.resume(), 'end');
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const asked = request({ host: '127.0.0.1', port: https, path: '/angelis/notification/socket', agent, headers });
    asked.end();
    const [response] = (await once(asked, 'upgrade')) as [IncomingMessage];
    expect(response.statusCode).to.equal(101);
    response.socket.destroy();
  });

  it('refuses bodies that are too large, and squeezes answers', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024);
    const sent = { method: 'POST', headers: { 'content-length': large.length } };
    expect((await get('/angelis/workforce/projects', sent, large)).statusCode).to.equal(413);
    answer = (incoming, response) => void incoming.resume().once('end', () => response.end());
    expect((await get('/angelis/admin/profile/batch', sent, large)).statusCode).to.equal(200);
    answer = (_incoming, response) =>
      void response.setHeader('content-type', 'application/json').end(JSON.stringify('x'.repeat(5_000)));
    const { headers } = await get('/angelis/workforce/projects', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(headers['content-encoding']).to.equal('gzip');
  });

  it('hands on Keycloak’s sign-in page and nothing else of it, and counts tries by address', async () => {
    const at = (path: string, method = 'GET') =>
      get(path, { method, headers: { Host: 'keycloak.angelis.example', 'X-Forwarded-Host': 'elsewhere.example' } });
    const page = '/realms/angelis/protocol/openid-connect/auth?client_id=angelis-admin';
    expect((await at(page)).statusCode).to.equal(200);
    expect(seen[0]?.headers).to.include({
      'x-forwarded-host': 'keycloak.angelis.example',
      'x-forwarded-proto': 'https',
    });
    expect((await at('/resources/abc/login.css')).headers['strict-transport-security']).to.match(/max-age/);
    for (const path of [
      '/realms/angelis/protocol/openid-connect/token',
      '/realms/angelis/login-actions/%2e%2e/protocol/openid-connect/token',
      '/realms/angelis/protocol/openid-connect/auth/device',
      '/realms/angelis/account/',
      '/realms/master/protocol/openid-connect/auth',
      '/admin/realms/angelis/users',
      '/angelis/health',
      '/',
    ])
      expect((await at(path)).statusCode, path).to.equal(404);
    const tries: (number | undefined)[] = [];
    for (let n = 0; n < 24; n += 1)
      tries.push((await at('/realms/angelis/login-actions/authenticate?session_code=x', 'POST')).statusCode);
    expect(tries.slice(0, 20)).to.deep.equal(Array<number>(20).fill(200));
    expect(tries.at(-1)).to.equal(429);
    expect((await at(page)).statusCode).to.equal(200);
    expect((await get('/angelis/auth/sign-in', { method: 'POST' })).statusCode).to.equal(200);
  });

  it('logs no query', async () => {
    await get('/angelis/notification/list?ticket=ThisIsASecret');
    while (!(await log()).includes('/angelis/notification/list')) await sleep(20);
    expect(await log()).to.contain('GET /angelis/notification/list 200');
    expect(await log()).to.not.contain('ThisIsASecret');
  });
});
