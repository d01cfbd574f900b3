import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { unconventional } from '../../tools/checks/commits.ts';
import { auditFaults } from '../../tools/checks/audit.ts';
import { directionFaults } from '../../tools/checks/directions.ts';
import { longFiles } from '../../tools/checks/length.ts';
import { foreignLicenses } from '../../tools/checks/licenses.ts';
import type { Lock } from '../../tools/checks/licenses.ts';
import { leakedSecrets } from '../../tools/checks/secrets.ts';

describe('npm run check', () => {
  it('names commits that are no conventional ones', () => {
    const subjects = ['fix: a', 'feat(gate)!: b', 'perf: c', '', 'wip', 'Fix: d', 'fix:e', 'wip: f'];
    expect(unconventional(subjects).map((fault) => /"(.*?)"/.exec(fault)?.[1])).to.deep.equal([
      'wip',
      'Fix: d',
      'fix:e',
      'wip: f',
    ]);
  });

  it('names code files over 400 lines', () => {
    const files = [
      { path: 'src/long.ts', text: 'x\n'.repeat(401) },
      { path: 'src/fits.ts', text: 'x\n'.repeat(400) },
      { path: 'docs/long.md', text: 'x\n'.repeat(900) },
    ];
    expect(longFiles(files)).to.deep.equal(['src/long.ts has 401 lines: split it, 400 are the most']);
  });

  const digits = '0123456789abcdef';
  for (const [kind, secret] of [
    ['a private key', `-----BEGIN EC PRIVATE KEY-----\n${'MHcCAQEE'.repeat(12)}`],
    ['an AWS key', `AKIA${'ABCDEFGH'.repeat(2)}`],
    ['an Azure account key', `AccountKey=${'Eby8vdM0'.repeat(11)}==`],
    ['a Twilio key', `AC${digits.repeat(2)}`],
    ['a GitHub token', `ghp_${'Ab3d'.repeat(9)}`],
    ['an npm token', `npm_${'Ab3d'.repeat(9)}`],
    ['a Slack token', `xoxb-${'123456789-'.repeat(3)}`],
    ['an Anthropic key', `sk-ant-${'Ab3d'.repeat(9)}`],
    ['a signed web token', `eyJ${'hbGciOiJ'.repeat(3)}.eyJ${'hbGciOiJ'.repeat(3)}.${'Ab3d-_'.repeat(8)}`],
    ['a Sentry DSN', `https://${digits.repeat(2)}@errors.example/7`],
  ] as const) {
    it(`finds ${kind}, and does not show it`, () => {
      const [fault, ...others] = leakedSecrets([
        { path: 'src/a.ts', text: `first line\nconst value = '${secret}';\n` },
      ]);
      expect(fault).to.equal(`src/a.ts:2 looks like ${kind}: remove it and revoke it`);
      expect(others).to.deep.equal([]);
    });
  }

  it('takes no ordinary text for a secret', () => {
    const text = [
      "DATABASE_URL=postgres://app@db/angelis?sslmode=verify-full AccountKey=x '-----BEGIN PRIVATE KEY-----'",
      '01890a5d-ac96-774b-bcce-b302099a8057 4bf92f3577b34da6a3ce929d0e0e4736',
    ].join('\n');
    expect(leakedSecrets([{ path: 'README.md', text }])).to.deep.equal([]);
  });

  it('allows the licenses of the list, alone and combined, and names others', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
    expect(foreignLicenses(lock)).to.deep.equal([]);
    const packages = {
      ...lock.packages,
      'node_modules/a': { license: '(GPL-3.0 OR MIT)' },
      'node_modules/b': { license: 'Apache-2.0 AND GPL-3.0' },
      'node_modules/c/node_modules/@scope/d': {},
    };
    expect(foreignLicenses({ packages }).map((fault) => fault.split(':')[0])).to.deep.equal([
      'b has the license "Apache-2.0 AND GPL-3.0"',
      '@scope/d has the license "none"',
    ]);
  });

  it('names license exceptions that nothing needs any more', () => {
    expect(foreignLicenses({ packages: {} })).to.include(
      'the license exception /^png-js$/u fits no package: remove it',
    );
  });

  it('names serious advisories until their exception, and again after it', () => {
    const report = {
      vulnerabilities: {
        bad: { severity: 'high', via: [{ title: 'Reads anything', url: 'https://advisories.example/1' }] },
        minor: { severity: 'low', via: [] },
      },
    };
    const excepted = [{ name: 'bad', until: '2026-12-31', reason: 'not reached' }];
    expect(auditFaults(report, '2026-12-31', excepted)).to.deep.equal([]);
    expect(auditFaults(report, '2027-01-01', excepted)).to.have.length(1);
    expect(auditFaults(report, '2026-12-31', [])[0]).to.match(/^bad \(high\): Reads anything/u);
  });

  it('names wrong directions, and files that were not read', () => {
    const violations = [
      { rule: { name: 'platform-knows-no-business' }, from: 'src/platform/a.ts', to: 'src/modules/b.ts' },
    ];
    const modules = [{ source: 'src/platform/a.ts' }, { source: 'node_modules/pg/index.js' }];
    expect(directionFaults({ modules, summary: { violations } }, 1)).to.deep.equal([
      'platform-knows-no-business: src/platform/a.ts → src/modules/b.ts',
    ]);
    expect(directionFaults({ modules, summary: { violations: [] } }, 2)[0]).to.match(/read 1 of 2 files/u);
  });
});
