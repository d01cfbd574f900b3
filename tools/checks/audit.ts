import { spawnSync } from 'node:child_process';

interface Exception {
  /** Package with the advisory. */
  name: string;
  /** Day after which the exception no longer holds, YYYY-MM-DD. */
  until: string;
  reason: string;
}

// Advisories that were looked at and do not touch what is used here.
const exceptions: readonly Exception[] = [];

interface Report {
  vulnerabilities?: Readonly<
    Record<string, { severity: string; via: readonly (string | { title: string; url: string })[] }>
  >;
  message?: string;
}

/** Faults of an `npm audit --json` report: advisories of severity high or critical without an exception that still holds. */
export const auditFaults = (report: Report, today: string, excepted: readonly Exception[] = exceptions): string[] =>
  Object.entries(report.vulnerabilities ?? {}).flatMap(([name, { severity, via }]) => {
    const isSerious = severity === 'high' || severity === 'critical';
    if (!isSerious || excepted.some((exception) => exception.name === name && exception.until >= today)) return [];
    const titles = via.map((cause) =>
      typeof cause === 'string' ? `through ${cause}` : `${cause.title} (${cause.url})`,
    );
    return [
      `${name} (${severity}): ${titles.join('; ')}: update it, or add a dated exception in tools/checks/audit.ts`,
    ];
  });

/** Asks the registry for known vulnerabilities; a note instead of faults where it does not answer such questions. */
export const audit = (): { faults: string[]; note?: string } => {
  const { stdout } = spawnSync('npm', ['audit', '--json'], {
    encoding: 'utf8',
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let report: Report;
  try {
    report = JSON.parse(stdout) as Report;
  } catch {
    report = {};
  }
  if (report.vulnerabilities === undefined) {
    return { faults: [], note: `not done, the registry does not answer: ${report.message ?? 'no report'}` };
  }
  return { faults: auditFaults(report, new Date().toISOString().slice(0, 10)) };
};
