import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { environmentFaults } from '../../src/platform/settings/production.ts';
import { composeFaults } from '../../tools/checks/deployment/compose.ts';
import { dockerfileFaults } from '../../tools/checks/deployment/dockerfile.ts';
import { kubernetesFaults } from '../../tools/checks/deployment/kubernetes.ts';
import { directivesOf, nginxFaults, parseNginx } from '../../tools/checks/deployment/nginx.ts';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

describe('the check of the deployment files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-deployment-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds what is wrong with a Dockerfile', async () => {
    const good = await read('Dockerfile');
    expect(dockerfileFaults(good)).to.deep.equal([]);
    for (const [from, to, says] of [
      ['WORKDIR /app', 'WORKDIR app', /WORKDIR/],
      ['EXPOSE 3000', 'EXPOSED 3000', /Unknown instruction: EXPOSED/],
      ['USER node', 'USER root', /runs as root/],
      ['USER node', 'USER 0:0', /runs as root/],
      ['USER node', 'USER node\nUSER root', /runs as root/],
      [/HEALTHCHECK[^\n]*\n[^\n]*\n/u, 'HEALTHCHECK NONE\n', /no HEALTHCHECK/],
      [/HEALTHCHECK[^\n]*\n[^\n]*\n/u, '', /no HEALTHCHECK/],
      ['"--env-file=dist/config/node.env", ', '', /started without --env-file/],
      ['npm prune --omit=dev', 'npm prune --omit=dev --omit=optional', /photos could not be read/],
      ['--from=build /app/bin', '--from=buidl /app/bin', /--from=buidl: there is no such stage/],
      [/FROM node:[\w.-]+\nENV/u, 'FROM node:latest\nENV', /image node:latest has no version/],
      [/FROM node:[\w.-]+\nENV/u, 'FROM registry:5000/node\nENV', /image registry:5000\/node has no version/],
    ] as const) {
      const faults = dockerfileFaults(good.replace(from, to));
      expect(faults, String(from)).to.have.length(1);
      expect(faults[0]).to.match(says);
    }
  });

  it('finds what is wrong with a Compose file', async () => {
    const good = await read('docker-compose.yml');
    expect(composeFaults(good, root)).to.deep.equal([]);
    for (const [from, to, says] of [
      ['start_period: 20s', 'start_periods: 20s', /additionalProperty/],
      ['condition: service_completed_successfully', 'condition: finished', /depends_on/],
      ["'127.0.0.1:8080:8080'", "'8080:8080'", /keycloak publishes 8080:8080/],
      ['image: redis:7', 'image: redis', /image redis has no version/],
      ['image: redis:7', 'image: redis:latest', /image redis:latest has no version/],
      ['read_only: true', 'read_only: false', /migrate may write its image/],
      ['image: redis:7', 'image: redis:7\n    privileged: true', /redis may do whatever its host may/],
      ['secrets: [redis_password]', 'secrets: [redis_pass]', /no redis_pass among the secrets/],
      ['./config/mariadb/fit2000.sh', './config/mariadb/gone.sh', /no file \.\/config\/mariadb\/gone\.sh/],
      ["volumes: ['redis:/data']", "volumes: ['rediss:/data']", /no volume rediss/],
    ] as const) {
      const faults = composeFaults(good.replace(from, to), root);
      expect(faults[0], from).to.match(says);
    }
  });

  it('finds what is wrong with Kubernetes files', async () => {
    expect(await kubernetesFaults(join(root, 'config/kubernetes'))).to.deep.equal([]);
    for (const [file, from, to, says] of [
      ['web.yaml', 'readinessProbe:', 'readynessProbe:', /readynessProbe is unknown/],
      ['web.yaml', 'replicas: 2', "replicas: 'two'", /\/spec\/replicas type/],
      ['web.yaml', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', /web may write its image/],
      ['web.yaml', 'targetPort: http }', 'targetPort: htp }', /leads to htp, where nothing listens/],
      ['web.yaml', 'port: http }', 'port: htp }', /web is probed at htp, where it does not listen/],
      ['web.yaml', 'minAvailable: 1', 'minimum: 1', /minimum is unknown/],
      ['jobs.yaml', 'kind: Deployment, name: jobs', 'kind: Deployment, name: job', /scales nothing/],
      ['migrate.yaml', 'runAsNonRoot: true, ', '', /migrate may run as root/],
      ['migrate.yaml', 'configMapRef: { name: angelis }', 'configMapRef: { name: other }', /no config map other/],
      ['network.yaml', 'app.kubernetes.io/component: web', 'app.kubernetes.io/component: webs', /selects nothing/],
      ['kustomization.yaml', 'DRAIN_SECONDS=25', 'DRAIN_TIME=25', /DRAIN_TIME is no setting/],
    ] as const) {
      await cp(join(root, 'config/kubernetes'), folder, { recursive: true });
      const good = await read(`config/kubernetes/${file}`);
      expect(good).to.contain(from);
      await writeFile(join(folder, file), good.replace(from, to));
      expect((await kubernetesFaults(folder)).join('\n'), from).to.match(says);
    }
  });

  it('finds what is wrong with the gateway', async () => {
    const good = await read('config/nginx/nginx.conf');
    expect(nginxFaults(good, ['web'])).to.deep.equal([]);
    for (const [from, to, says] of [
      ['proxy_pass http://web;', 'proxy_pass http://wep;', /proxy_pass http:\/\/wep: there is no such upstream/],
      ['server web:3000', 'server api:3000', /no service api/],
      ['ssl_protocols TLSv1.2', 'ssl_protocols TLSv1', /TLSv1 is not safe/],
      ['$request_method $uri', '$request', /log carries/],
      [/add_header Strict[^\n]*\n\s*add_header X-Cache/u, 'add_header X-Cache', /drops Strict-Transport-Security/],
    ] as const)
      expect(nginxFaults(good.replace(from, to), ['web'])[0], String(from)).to.match(says);
    expect(() => parseNginx(good.replace('access_log off;', 'access_log off'))).to.throw('does not end');
    expect(() => parseNginx(`${good}}`)).to.throw('did not begin');
    const maps = directivesOf(parseNginx(`map $a "$b c" { default 'x;y'; '' ''; } # no { more`), 'map');
    expect(maps).to.deep.equal([
      { words: ['map', '$a', '$b c'], block: [{ words: ['default', 'x;y'] }, { words: ['', ''] }] },
    ]);
  });
});

describe('docker-compose.yml', () => {
  it('has settings that a process takes, with the secrets that the script makes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-compose-'));
    try {
      await promisify(execFile)(join(root, 'scripts/compose-secrets'), [folder]);
      const { services } = parse(await read('docker-compose.yml'), { merge: true }) as {
        services: Record<string, { environment: Record<string, string> }>;
      };
      const made = Object.entries(services['web']!.environment).map(([name, value]) => [
        name,
        value.replace('/run/secrets', folder).replace(/\$\{\w+:-(.*)\}/u, '$1'),
      ]);
      const settings = readSettings(Object.fromEntries(made) as Record<string, string>);
      expect(environmentFaults(settings)).to.deep.equal([]);
      expect(settings.DATABASE_URL).to.match(/^postgres:\/\/app:[\da-f]{48}@postgres:5432\/angelis$/u);
      const before = await readFile(join(folder, 'data_key'), 'utf8');
      await promisify(execFile)(join(root, 'scripts/compose-secrets'), [folder]);
      expect(await readFile(join(folder, 'data_key'), 'utf8')).to.equal(before);
      const keycloak = await readFile(join(folder, 'keycloak.env'), 'utf8');
      expect(keycloak).to.match(/^ANGELIS_OTP_KEY_X=[\w-]{43}\nANGELIS_OTP_KEY_Y=[\w-]{43}$/mu);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
