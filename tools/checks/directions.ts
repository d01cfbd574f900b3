import { readdirSync } from 'node:fs';

interface Cruise {
  modules: readonly { source: string }[];
  summary: { violations: readonly { rule: { name: string }; from: string; to: string }[] };
}

/** Dependencies against docs/architecture.md, from dependency-cruiser's JSON; also when it did not read every file. */
export const directionFaults = ({ modules, summary }: Cruise, sources: number): string[] => {
  const read = modules.filter(({ source }) => source.startsWith('src/')).length;
  return [
    ...summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
    ...(read === sources
      ? []
      : [`dependency-cruiser read ${read} of ${sources} files: check its parser in .dependency-cruiser.mjs`]),
  ];
};

/** How many TypeScript files stand below src. */
export const countSources = (): number =>
  readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).length;
