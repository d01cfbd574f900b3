// Everything that can be told without running the program: npm run check.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lintRealm } from '../src/platform/identity-provider/realm-lint.ts';
import { REALM_FILE, readRealmFile } from '../src/wiring/realm-file.ts';
import { withSettingsTable } from '../src/platform/settings/table.ts';
import { audit } from './checks/audit.ts';
import { countSources, directionFaults } from './checks/directions.ts';
import { unconventional } from './checks/commits.ts';
import { composeFaults } from './checks/deployment/compose.ts';
import { dockerfileFaults } from './checks/deployment/dockerfile.ts';
import { kubernetesFaults } from './checks/deployment/kubernetes.ts';
import { nginxFaults } from './checks/deployment/nginx.ts';
import { dashboardFaults, ruleFaults } from './checks/deployment/prometheus.ts';
import { sourceFiles } from './checks/files.ts';
import { longFiles } from './checks/length.ts';
import { foreignLicenses } from './checks/licenses.ts';
import type { Lock } from './checks/licenses.ts';
import { leakedSecrets } from './checks/secrets.ts';

interface Outcome {
  faults: string[];
  note?: string;
}

const run = async (file: string, args: string[]): Promise<{ code: number; stdout: string; output: string }> => {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; output: string }>();
  execFile(file, args, { maxBuffer: 1e8 }, (error, stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
    resolve({ code, stdout, output: `${stdout}${stderr}`.trim() });
  });
  return promise;
};

const tool =
  (file: string, ...args: string[]) =>
  async (): Promise<Outcome> => {
    const { code, output } = await run(file, args);
    return { faults: code === 0 ? [] : [output] };
  };

// Its rules that only warn still tell how much is left over.
const unused = async (): Promise<Outcome> => {
  const { code, output } = await run('knip', ['--no-progress', '--no-config-hints']);
  if (code !== 0) return { faults: [output] };
  const left = output.match(/^Unused .*\(\d+\)$/gmu);
  return left === null ? { faults: [] } : { faults: [], note: `warnings: ${left.join(', ')}; see "npx knip"` };
};

const directions = async (): Promise<Outcome> => {
  const { stdout, output } = await run('depcruise', [
    'src',
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
  ]);
  try {
    return { faults: directionFaults(JSON.parse(stdout) as Parameters<typeof directionFaults>[0], countSources()) };
  } catch {
    return { faults: [output] };
  }
};

// What is about to be pushed: where there is no git, or no branch that is followed, there is nothing to look at.
const commits = async (): Promise<Outcome> => {
  const { code, stdout } = await run('git', ['log', '--no-merges', '--format=%s', '@{upstream}..HEAD']);
  return { faults: code === 0 ? unconventional(stdout.split('\n')) : [] };
};

const settingsTable = (): Outcome => {
  const readme = readFileSync('README.md', 'utf8');
  return {
    faults: withSettingsTable(readme) === readme ? [] : ['README.md has an old table: run "npm run docs:settings"'],
  };
};

const deployment = async (): Promise<Outcome> => ({
  faults: [
    ...dockerfileFaults(readFileSync('Dockerfile', 'utf8')),
    ...composeFaults(readFileSync('docker-compose.yml', 'utf8')),
    ...nginxFaults(['nginx', 'keycloak'].map((name) => readFileSync(`config/nginx/${name}.conf`, 'utf8')).join('\n'), [
      'web',
      'keycloak',
    ]),
    ...(await kubernetesFaults('config/kubernetes')),
    ...ruleFaults(readFileSync('config/prometheus/alerts.yml', 'utf8')),
    ...dashboardFaults(readFileSync('config/grafana/angelis.json', 'utf8')),
  ],
});

const realm = async (): Promise<Outcome> => ({ faults: [...lintRealm(await readRealmFile(REALM_FILE))] });

const files = sourceFiles();
const checks: [name: string, check: () => Outcome | Promise<Outcome>][] = [
  ['types', tool('tsc', '-p', '.')],
  ['lint', tool('oxlint', '--deny-warnings')],
  ['format', tool('oxfmt', '--check', '.')],
  ['directions', directions],
  ['unused code and dependencies', unused],
  ['file length', () => ({ faults: longFiles(files) })],
  ['settings table', settingsTable],
  ['deployment', deployment],
  ['realm', realm],
  ['licenses', () => ({ faults: foreignLicenses(JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock) })],
  ['commits', commits],
  ['secrets', () => ({ faults: leakedSecrets(files) })],
  ['vulnerabilities', audit],
];

const results = await Promise.all(checks.map(async ([name, check]) => ({ name, ...(await check()) })));
for (const { name, faults, note } of results) {
  console.log(`${faults.length === 0 ? '✔' : '✖'} ${name}${note === undefined ? '' : ` (${note})`}`);
  for (const fault of faults) console.log(fault.replaceAll(/^/gmu, '    '));
}
process.exitCode = results.every(({ faults }) => faults.length === 0) ? 0 : 1;
