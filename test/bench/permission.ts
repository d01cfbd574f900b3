import { expect } from 'chai';
import type { About, Catalogue } from '../../src/platform/access/catalogue.ts';
import { createDecider } from '../../src/platform/access/decision.ts';
import type { Decision } from '../../src/platform/access/decision.ts';
import type { Grant, GrantScope } from '../../src/platform/access/principal.ts';
import { figure, percentile } from './measure.ts';
import type { Row } from './measure.ts';

const ROLES = 50;
/** Five hundred routes: a hundred areas of five actions. */
const AREAS = 100;
const ACTIONS = ['read', 'write', 'delete', 'move', 'export'] as const;
type Action = (typeof ACTIONS)[number];
/** Each of them asks for all routes once. */
const CALLERS = 100;

const ASKED = Array.from({ length: AREAS }, (_, area) => ACTIONS.map((action) => ({ area, action }))).flat();
const nameOf = ({ area, action }: (typeof ASKED)[number]): string => `area${area}:thing:${action}`;
const scope = (role: number): GrantScope => ({ kind: 'department', id: `d${role}` });

const aboutOf = (area: number, action: Action): About => {
  if (action !== 'read') return action === 'delete' ? 'company' : 'rows';
  return area % 5 === 0 ? 'everybody' : 'rows';
};

/** Each role has an area of its own but for one route; by every other one all areas are read in a department, by the rest not even its own there. */
const grantsOfAll = (): Grant[] =>
  Array.from({ length: ROLES }, (_, role): Grant[] => [
    { permission: `area${role}:*:*`, effect: 'grant', reach: 'hierarchy', role: `r${role}` },
    { permission: `area${role}:thing:delete`, effect: 'deny', reach: 'hierarchy', role: `r${role}` },
    role % 2 === 0
      ? { permission: `area${role}:thing:read`, effect: 'deny', reach: 'company', role: `s${role}`, scope: scope(role) }
      : { permission: '*:thing:read', effect: 'grant', reach: 'company', role: `s${role}`, scope: scope(role) },
  ]).flat();

/** What these grants say, written down by hand. */
const expected = (area: number, action: Action): Decision => {
  const isOwn = area < ROLES;
  if (action !== 'read') {
    if (!isOwn) return { allowed: false, because: 'NOT_GRANTED' };
    return action === 'delete'
      ? { allowed: false, because: 'DENIED' }
      : { allowed: true, reach: 'hierarchy', scopes: [] };
  }
  if (area % 5 === 0) return { allowed: true, reach: 'company', scopes: [] };
  const departments = Array.from({ length: ROLES / 2 }, (_, n) => scope(n * 2 + 1));
  if (!isOwn) return { allowed: true, reach: 'company', scopes: departments };
  const further = [{ reach: 'company' as const, scopes: departments }];
  return { allowed: true, reach: 'hierarchy', scopes: [], further, ...(area % 2 === 0 && { except: [scope(area)] }) };
};

/** Decisions that nothing remembers: of callers with fifty roles, each about five hundred routes for the first time. */
export const permission = (): Row[] => {
  const catalogue: Catalogue = Object.fromEntries(
    ASKED.map((asked) => [nameOf(asked), aboutOf(asked.area, asked.action)]),
  );
  const decide = createDecider(() => catalogue);
  const checked = { grants: grantsOfAll() };
  for (const asked of ASKED)
    expect(decide(checked, nameOf(asked)), nameOf(asked)).to.deep.equal(expected(asked.area, asked.action));
  const names = ASKED.map(nameOf);
  const times: number[] = [];
  for (let caller = 0; caller < CALLERS; caller += 1) {
    const principal = { grants: grantsOfAll() };
    for (const name of names) {
      const begun = performance.now();
      decide(principal, name);
      times.push(performance.now() - begun);
    }
  }
  const count = times.length.toLocaleString('en');
  const work = `permission decision, 50 roles, p99 of ${count}, each the first of its caller about it`;
  return [figure({ work, baseline: '–', unit: 'ms' }, [percentile(times, 0.99)], 1)];
};
