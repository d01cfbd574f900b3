import { v7 as uuidv7 } from 'uuid';
import { makeSleeper } from './alertness.ts';
import type { Sleeper } from './alertness.ts';
import { demoAddress, demoRut, drawName } from './names.ts';
import type { Name } from './names.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';

/** One person of the demo in one company. */
export interface DemoPerson extends Name {
  readonly personId: string;
  readonly keycloakId: string;
  readonly profileId: string;
  /** True for a second profile of somebody who stands in another company already. */
  readonly isShared: boolean;
  readonly rut: string;
  readonly email: string;
  readonly phone: string;
  readonly number: string;
  readonly roles: readonly string[];
  readonly department: number;
  readonly site: number;
  /** Place in the company's list of the one this person reports to. */
  readonly superior: number | null;
  /** Crew 0–3 of those who work shifts, and which risk group. */
  readonly crew: number | null;
  readonly riskGroup: number | null;
  readonly sleeper: Sleeper;
}

export interface DemoSite {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly timezone: string;
  readonly altitude: number;
}

export interface DemoCompany {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly timezone: string;
  readonly sites: readonly DemoSite[];
  readonly departments: readonly { readonly id: string; readonly code: string; readonly name: string }[];
  readonly people: readonly DemoPerson[];
}

interface Outline {
  readonly slug: string;
  readonly name: string;
  readonly timezone: string;
  readonly sites: readonly Omit<DemoSite, 'id'>[];
  readonly headcount: number;
}

const NORTH = { code: 'CP', name: 'Faena Cerro Pardo', timezone: 'America/Santiago', altitude: 4_150 };
const EAST = { code: 'LS', name: 'Faena Laguna Seca', timezone: 'America/Argentina/San_Juan', altitude: 3_820 };

const OUTLINES: readonly Outline[] = [
  {
    slug: 'cordillera',
    name: 'Minera Cordillera Blanca',
    timezone: 'America/Santiago',
    sites: [NORTH, EAST],
    headcount: 300,
  },
  { slug: 'andes', name: 'Andes Servicios Mineros', timezone: 'America/Santiago', sites: [NORTH], headcount: 70 },
  { slug: 'atacama', name: 'Mantenimiento Atacama', timezone: 'America/Santiago', sites: [EAST], headcount: 30 },
];

const DEPARTMENTS = [
  { code: 'GER', name: 'Gerencia' },
  { code: 'OPE', name: 'Operaciones mina' },
  { code: 'MAN', name: 'Mantención' },
  { code: 'SEG', name: 'Seguridad y salud' },
];

/** Everybody who is not on a crew, by role; supervisors and workers follow from the headcount. */
const STAFF: readonly { readonly roles: readonly string[]; readonly department: number }[] = [
  { roles: ['owner'], department: 0 },
  { roles: ['admin'], department: 0 },
  { roles: ['safety_admin'], department: 3 },
  { roles: ['auditor'], department: 3 },
  { roles: ['health_reader'], department: 3 },
];
const CREW_SIZE = 14;

type Post = Pick<DemoPerson, 'roles' | 'department' | 'site' | 'superior' | 'crew' | 'riskGroup'>;

/** Who holds which post, superiors before their people: staff, a manager for each site, supervisors, workers. */
const postsOf = ({ headcount, sites }: Outline): Post[] => {
  const base = { site: 0, superior: null, crew: null, riskGroup: null };
  const posts: Post[] = STAFF.map((staff) => ({ ...base, ...staff }));
  const managers = sites.map(
    (_, site) => posts.push({ ...base, site, roles: ['manager'], department: 1, superior: 0 }) - 1,
  );
  const supervisorCount = Math.max(4, Math.ceil((headcount - posts.length) / (CREW_SIZE + 1)));
  const supervisors = Array.from({ length: supervisorCount }, (_, index) => {
    const site = index % sites.length;
    const department = index % 3 === 2 ? 2 : 1;
    const crew = Math.floor(index / sites.length) % 4;
    return (
      posts.push({
        ...base,
        site,
        department,
        crew,
        riskGroup: 1,
        roles: ['supervisor', 'worker'],
        superior: managers[site]!,
      }) - 1
    );
  });
  for (let index = 0; posts.length < headcount; index += 1) {
    const superior = supervisors[index % supervisors.length]!;
    const { site, department, crew } = posts[superior]!;
    posts.push({ site, department, crew, superior, riskGroup: department === 1 ? 0 : 1, roles: ['worker'] });
  }
  return posts;
};

/** Makes ids of a given time: the same ones from the same source of chance. */
export const createIds =
  (random: Random) =>
  (at: Date): string =>
    uuidv7({ msecs: at.getTime(), random: random.bytes() });

/** Staff of the operator, beside the companies' people. */
export interface DemoStaff extends Name {
  readonly personId: string;
  readonly keycloakId: string;
  readonly email: string;
  readonly role: 'superadmin' | 'support' | 'operator_auditor';
}

export interface DemoPlan {
  /** The day on which the companies began to use the system. */
  readonly begin: Date;
  readonly loadedAt: Date;
  readonly companies: readonly DemoCompany[];
  readonly staff: readonly DemoStaff[];
}

const OPERATOR_STAFF = [
  { role: 'superadmin', firstName: 'Amalia', lastName: 'Correa Ibáñez' },
  { role: 'support', firstName: 'Bruno', lastName: 'Lagos Peña' },
  { role: 'operator_auditor', firstName: 'Carmen', lastName: 'Ossa Vial' },
] as const;

/** The password of everybody in the demo. Only the development issuer knows these people. */
export const DEMO_PASSWORD = 'angelis-demo-2026';
/** Everything before this many days is older than the demo. */
export const DEMO_DAYS = 365;
const DAY = 86_400_000;
const SEED = 'angelis';

/**
 * The demo's companies and people as they are for ever once they were loaded at `loadedAt`. The last worker of the second
 * company works for the first as well: one login, two profiles.
 */
export const planDemo = (loadedAt: Date): DemoPlan => {
  const random = createRandom(SEED).fork('people');
  const begin = new Date(loadedAt.getTime() - (DEMO_DAYS + 5) * DAY);
  const makeId = createIds(random.fork('ids'));
  const id = () => makeId(begin);
  let index = 0;
  const companies = OUTLINES.map((outline): DemoCompany => {
    const people = postsOf(outline).map((post, place): DemoPerson => {
      const name = drawName(random);
      index += 1;
      return {
        ...post,
        ...name,
        personId: id(),
        keycloakId: id(),
        profileId: id(),
        isShared: false,
        rut: demoRut(index),
        email: demoAddress(name, index),
        phone: `+5690000${String(index).padStart(4, '0')}`,
        number: `${outline.slug.slice(0, 3).toUpperCase()}-${String(place + 1).padStart(4, '0')}`,
        sleeper: makeSleeper(random),
      };
    });
    return {
      ...outline,
      id: id(),
      sites: outline.sites.map((site) => ({ ...site, id: id() })),
      departments: DEPARTMENTS.map((department) => ({ ...department, id: id() })),
      people,
    };
  });
  const [first, second] = companies;
  const shared = second!.people.at(-1)!;
  const last = first!.people.at(-1)!;
  const twin: DemoPerson = {
    ...last,
    ...shared,
    profileId: last.profileId,
    number: last.number,
    isShared: true,
    roles: last.roles,
    department: last.department,
    site: last.site,
    superior: last.superior,
    crew: null,
    riskGroup: last.riskGroup,
  };
  const staff = OPERATOR_STAFF.map((one): DemoStaff => {
    return { ...one, personId: id(), keycloakId: id(), email: `${one.role.replaceAll('_', '.')}@example.com` };
  });
  return {
    begin,
    loadedAt,
    staff,
    companies: [{ ...first!, people: [...first!.people.slice(0, -1), twin] }, ...companies.slice(1)],
  };
};
