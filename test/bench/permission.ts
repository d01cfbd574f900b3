import type { About, Catalogue } from '../../src/platform/access/catalogue.ts';
import { createDecider } from '../../src/platform/access/decision.ts';
import type { Grant } from '../../src/platform/access/principal.ts';
import { figure, percentile } from './measure.ts';
import type { Row } from './measure.ts';

const ROLES = 50;
/** Five hundred routes: a hundred areas of five actions. */
const AREAS = 100;
const ACTIONS = ['read', 'write', 'delete', 'move', 'export'] as const;
const ASKED = 100_000;

const scope = (role: number) => ({ kind: 'department' as const, id: `d${role}` });

/** Decisions for somebody with fifty roles over five hundred routes, half of them denied in a department, by one who is new for every thousandth. */
export const permission = (): Row[] => {
  const decide = createDecider(() => catalogue);
  const aboutOf = (area: number, action: (typeof ACTIONS)[number]): About => {
    if (action !== 'read') return action === 'delete' ? 'company' : 'rows';
    return area % 5 === 0 ? 'everybody' : 'rows';
  };
  const catalogue: Catalogue = Object.fromEntries(
    Array.from({ length: AREAS }, (_, area) =>
      ACTIONS.map((action) => [`area${area}:thing:${action}`, aboutOf(area, action)]),
    ).flat(),
  );
  const grants = (): Grant[] =>
    Array.from({ length: ROLES }, (_, role) => [
      { permission: `area${role}:*:*`, effect: 'grant' as const, reach: 'hierarchy' as const, role: `r${role}` },
      {
        permission: `area${role}:thing:delete`,
        effect: 'deny' as const,
        reach: 'hierarchy' as const,
        role: `r${role}`,
      },
      {
        permission: `area${role % 2 === 0 ? role : '*'}:thing:read`,
        effect: role % 2 === 0 ? ('deny' as const) : ('grant' as const),
        reach: 'company' as const,
        role: `s${role}`,
        scope: scope(role),
      },
    ]).flat();
  const times: number[] = [];
  let principal = { grants: grants() };
  for (let n = 0; n < ASKED; n += 1) {
    if (n % 1_000 === 0) principal = { grants: grants() };
    const wanted = `area${n % AREAS}:thing:${ACTIONS[Math.floor(n / AREAS) % ACTIONS.length]!}`;
    const begun = performance.now();
    decide(principal, wanted);
    times.push(performance.now() - begun);
  }
  return [
    figure({ work: 'permission decision, 50 roles, p99', baseline: '–', unit: 'ms' }, [percentile(times, 0.99)], 1),
  ];
};
