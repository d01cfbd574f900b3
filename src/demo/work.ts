import { DEFAULT_FITNESS_POLICY } from '../modules/fitness/classification/policy.ts';
import type { FitnessPolicy } from '../modules/fitness/classification/policy.ts';
import { expandPattern, swing14x14, swing7x7, swing7D7N } from '../modules/workforce/rosters/swing.ts';
import type { PatternDay, PlannedShift } from '../modules/workforce/rosters/swing.ts';
import { rutCheckDigit } from '../platform/text/rut.ts';
import { addDays, dateAt } from '../platform/time/zone.ts';
import { createIds } from './plan.ts';
import type { DemoCompany, DemoPerson, DemoPlan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';

/** Part of the shifts that a manager takes somebody off. */
const CANCELLED = 0.012;
/** Rosters reach this many days ahead, as the nightly expansion keeps them. */
const DAYS_AHEAD = 14;

export interface DemoTaskKind {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly riskGroup: number;
  readonly credentials: readonly string[];
  readonly tests: readonly string[];
  readonly hazards: readonly string[];
  /** What it is done with. */
  readonly equipment: DemoEquipmentKind | null;
}

/** A kind of equipment; whoever works with it holds an authorization of theirs for it. */
export interface DemoEquipmentKind {
  readonly id: string;
  readonly code: string;
  readonly name: string;
}

export interface DemoProject {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly site: number;
  readonly department: number;
  readonly owner: DemoPerson;
  readonly status: 'planning' | 'active' | 'completed';
}

export interface DemoPattern {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly days: readonly PatternDay[];
}

export interface DemoShift extends PlannedShift {
  readonly id: string;
  /** The first of a swing of the same kind: sleep before a first night is another. */
  readonly isFirst: boolean;
  /** A manager took the person off it: of what is over some, and all in a leave. */
  readonly isCancelled: boolean;
}

export interface DemoRiskGroup {
  readonly id: string;
  readonly name: string;
  readonly highRisk: boolean;
  readonly policyId: string;
  readonly policy: FitnessPolicy;
}

export interface DemoDevice {
  readonly id: string;
  readonly serial: string;
  readonly model: string;
  readonly kind: 'kiosk' | 'phone' | 'FIT2000';
  readonly site: number;
  /** Measured latency in ms; null: never measured. */
  readonly biasMs: number | null;
  readonly sdMs: number | null;
  readonly isOverdue: boolean;
}

export interface DemoAssignment {
  readonly id: string;
  readonly person: DemoPerson;
  readonly project: DemoProject;
  readonly contractId: string | null;
  readonly role: string;
  readonly taskKind: DemoTaskKind;
  readonly pattern: DemoPattern | null;
  readonly patternStartsOn: string;
  readonly timezone: string;
  readonly shifts: readonly DemoShift[];
  readonly leaves: readonly DemoLeave[];
}

/** Days off, first and last included. */
export interface DemoLeave {
  readonly id: string;
  readonly kind: 'vacation' | 'sick' | 'training';
  readonly startsOn: string;
  readonly endsOn: string;
}

/** What a company's people work on. */
export interface DemoWork {
  readonly riskGroups: readonly DemoRiskGroup[];
  /** The gate's rules: one set, the default. */
  readonly ruleSetId: string;
  readonly devices: readonly DemoDevice[];
  readonly taskKinds: readonly DemoTaskKind[];
  readonly equipmentKinds: readonly DemoEquipmentKind[];
  readonly patterns: readonly DemoPattern[];
  readonly projects: readonly DemoProject[];
  readonly contracts: readonly {
    readonly id: string;
    readonly number: string;
    readonly contractorName: string;
    readonly contractorRut: string;
    readonly status: 'active' | 'ended';
  }[];
  readonly assignments: readonly DemoAssignment[];
}

/** Operators are drawn for an ocular test too, one shift in ten; for the rest these mines keep the product's default policy in both groups. */
const OPERATORS: FitnessPolicy = {
  ...DEFAULT_FITNESS_POLICY,
  required: [
    ...DEFAULT_FITNESS_POLICY.required,
    { kind: 'random', test: 'OCULAR', windowMinutes: 120, graceMinutes: 0 },
  ],
};
const RISK_GROUPS = [
  { name: 'Equipos mineros (alto riesgo)', highRisk: true, policy: OPERATORS },
  { name: 'Mantención y terreno', highRisk: false, policy: DEFAULT_FITNESS_POLICY },
];

const DEVICES = [
  { name: 'KIOSK-1', model: 'SaferApp Kiosk 4', kind: 'kiosk', biasMs: 2.1, sdMs: 3.4, isOverdue: false },
  { name: 'KIOSK-2', model: 'SaferApp Kiosk 4', kind: 'kiosk', biasMs: 2.6, sdMs: 3.9, isOverdue: false },
  { name: 'KIOSK-3', model: 'SaferApp Kiosk 4', kind: 'kiosk', biasMs: 2.4, sdMs: 4.1, isOverdue: true },
  { name: 'PHONE-1', model: 'Teléfono de terreno', kind: 'phone', biasMs: null, sdMs: null, isOverdue: false },
  { name: 'OJO-1', model: 'FIT 2000', kind: 'FIT2000', biasMs: 0.8, sdMs: 1.9, isOverdue: false },
] as const;

/** What both sites ask of everybody. */
export const SITE_CREDENTIALS = ['medical_fitness', 'altitude_exam', 'induction'];
const EQUIPMENT_KINDS = [{ code: 'PALA-HID', name: 'Pala hidráulica' }];
const TASK_KINDS = [
  {
    code: 'CAEX',
    name: 'Operación de camión de extracción',
    riskGroup: 0,
    credentials: [...SITE_CREDENTIALS, 'internal_driving_license'],
    tests: ['SAFER', 'FIT2000'],
    hazards: ['driving', 'alone'],
    equipment: null,
  },
  {
    code: 'PALA',
    name: 'Operación de pala y perforadora',
    riskGroup: 0,
    credentials: SITE_CREDENTIALS,
    tests: ['SAFER', 'FIT2000'],
    hazards: ['alone'],
    equipment: 0,
  },
  {
    code: 'MEC',
    name: 'Mantención mecánica',
    riskGroup: 1,
    credentials: SITE_CREDENTIALS,
    tests: ['SAFER'],
    hazards: ['heights'],
    equipment: null,
  },
  {
    code: 'SUP',
    name: 'Supervisión en terreno',
    riskGroup: 1,
    credentials: [...SITE_CREDENTIALS, 'internal_driving_license'],
    tests: ['SAFER'],
    hazards: ['driving'],
    equipment: null,
  },
];

const AFTERNOON = { day: { start: '14:00', minutes: 600 } };
const PATTERNS = [
  { code: '7D7N', name: '7 días / 7 noches', days: swing7D7N() },
  { code: '7X7', name: '7x7 de día, 08:00', days: swing7x7({ day: { start: '08:00', minutes: 720 } }) },
  { code: '7X7-T', name: '7x7 de tarde, 14:00', days: swing7x7(AFTERNOON) },
  { code: '14X14', name: '14x14 de día', days: swing14x14() },
];

/** Crews of operations follow each other through days and nights; those of maintenance share early and late days. */
const rosterOf = ({ department, crew }: DemoPerson): { pattern: number; offset: number } | null => {
  if (crew === null) return null;
  return department === 1 ? { pattern: 0, offset: crew * 7 } : { pattern: 1 + (crew % 2), offset: crew > 1 ? 7 : 0 };
};

const taskOf = ({ roles, department }: DemoPerson, index: number): number =>
  roles.includes('supervisor') ? 3 : department === 2 ? 2 : index % 4 === 3 ? 1 : 0;

const ROLES = ['operador', 'operador', 'mantenedor', 'supervisor'];

const contractorRut = (index: number): string => {
  const body = String(76_000_000 + index);
  return `${body}-${rutCheckDigit(body)}`;
};

const projectsOf = ({ people, sites }: DemoCompany, id: () => string): DemoProject[] => {
  const managers = people.filter(({ roles }) => roles.includes('manager'));
  const owner = (site: number): DemoPerson => managers.find((person) => person.site === site) ?? managers[0]!;
  const running = sites.flatMap(({ code, name }, site) => [
    { code: `${code}-OPE`, name: `Operación mina, ${name}`, site, department: 1, status: 'active' as const },
    { code: `${code}-MAN`, name: `Mantención de flota, ${name}`, site, department: 2, status: 'active' as const },
  ]);
  const other = [
    { code: 'EXP-F2', name: 'Expansión fase 2', site: 0, department: 1, status: 'planning' as const },
    { code: 'CIERRE-N', name: 'Cierre botadero norte', site: 0, department: 1, status: 'completed' as const },
  ];
  return [...running, ...other].map((project) => ({ ...project, id: id(), owner: owner(project.site) }));
};

const shiftsOf = (pattern: DemoPattern, zone: string, anchorDate: string, from: string, to: string) =>
  expandPattern({ days: [...pattern.days], zone, anchorDate }, { from, to });

const DAY = 86_400_000;

/** Which shifts are the first of their kind in a swing. */
const firsts = (shifts: readonly PlannedShift[]): boolean[] =>
  shifts.map(({ startsAt, kind }, index) => {
    const before = shifts[index - 1];
    return before?.kind !== kind || startsAt.getTime() - before.startsAt.getTime() > 1.5 * DAY;
  });

/** Blocks of leave by kind: how many at most, how likely each, their days, and the last day of the demo on which one may begin: nobody
 * knows of being sick tomorrow. */
const LEAVES = [
  { kind: 'vacation', most: 2, chance: 0.8, days: [7, 14], last: 395 },
  { kind: 'sick', most: 2, chance: 0.25, days: [1, 4], last: 368 },
  { kind: 'training', most: 1, chance: 0.2, days: [1, 2], last: 395 },
] as const;

/** Somebody's leave from the demo's beginning on, no block over another. */
const leavesOf = (begin: string, makeId: () => string, random: Random): DemoLeave[] => {
  const leaves: DemoLeave[] = [];
  for (const { kind, most, chance, days, last } of LEAVES)
    for (let block = 0; block < most; block += 1) {
      if (!random.chance(chance)) continue;
      const startsOn = addDays(begin, random.between(5, last));
      const endsOn = addDays(startsOn, random.between(days[0], days[1]) - 1);
      if (leaves.some((other) => other.startsOn <= endsOn && startsOn <= other.endsOn)) continue;
      leaves.push({ id: makeId(), kind, startsOn, endsOn });
    }
  return leaves;
};

/** The work of a company, with shifts from `historyDays` ago to two weeks ahead. */
export const planWork = (
  { loadedAt, begin, companies }: DemoPlan,
  company: DemoCompany,
  historyDays: number,
): DemoWork => {
  const random = createRandom(`angelis/${company.slug}/work`);
  const makeId = createIds(random.fork('ids'));
  const id = () => makeId(begin);
  const ruleSetId = id();
  const riskGroups = RISK_GROUPS.map((group) => ({ ...group, id: id(), policyId: id() }));
  const devices = company.sites.flatMap(({ code }, site) =>
    DEVICES.map(({ name, ...device }) => ({ ...device, id: id(), serial: `${code}-${name}`, site })),
  );
  const equipmentKinds = EQUIPMENT_KINDS.map((kind) => ({ ...kind, id: id() }));
  const taskKinds = TASK_KINDS.map((kind) => ({
    ...kind,
    id: id(),
    equipment: kind.equipment === null ? null : equipmentKinds[kind.equipment]!,
  }));
  const patterns = PATTERNS.map((pattern) => ({ ...pattern, id: id() }));
  const projects = projectsOf(company, id);
  const contracts = companies
    .filter(({ slug }) => slug !== company.slug)
    .map(({ name, slug }, index) => ({
      id: id(),
      number: `C-${slug.toUpperCase()}-01`,
      contractorName: name,
      contractorRut: contractorRut(index),
      status: index === 0 ? ('active' as const) : ('ended' as const),
    }));
  const expanded = new Map<
    string,
    { readonly shifts: readonly PlannedShift[]; readonly isFirst: readonly boolean[] }
  >();
  const roster = (person: DemoPerson) => {
    const found = rosterOf(person);
    const zone = company.sites[person.site]!.timezone;
    const today = dateAt(loadedAt, zone);
    const anchor = addDays(dateAt(begin, zone), found?.offset ?? 0);
    if (found === null) return { pattern: null, anchor, zone, shifts: [], isFirst: [] };
    const pattern = patterns[found.pattern]!;
    const key = `${pattern.code}/${anchor}/${zone}`;
    const known = expanded.get(key);
    if (known !== undefined) return { pattern, anchor, zone, ...known };
    const shifts = shiftsOf(pattern, zone, anchor, addDays(today, -historyDays), addDays(today, DAYS_AHEAD + 1));
    const made = { shifts, isFirst: firsts(shifts) };
    expanded.set(key, made);
    return { pattern, anchor, zone, ...made };
  };
  const assignments = company.people
    .filter(({ riskGroup }) => riskGroup !== null)
    .map((person, index): DemoAssignment => {
      const task = taskOf(person, index);
      const { pattern, anchor, zone, shifts, isFirst } = roster(person);
      // A source of chance for each: whoever begins with more or fewer days of history gives nobody else another id.
      const own = random.fork(person.number);
      const makeOwnId = createIds(own.fork('ids'));
      const leaves = leavesOf(dateAt(begin, zone), () => makeOwnId(begin), own.fork('leave'));
      const isOff = (date: string) => leaves.some(({ startsOn, endsOn }) => startsOn <= date && date <= endsOn);
      return {
        id: id(),
        person,
        project: projects.find(({ site, department }) => site === person.site && department === person.department)!,
        contractId: person.isShared ? contracts[0]!.id : null,
        role: ROLES[task]!,
        taskKind: taskKinds[task]!,
        pattern,
        patternStartsOn: anchor,
        timezone: zone,
        leaves,
        shifts: shifts.map((shift, at) => ({
          ...shift,
          id: makeOwnId(begin),
          isFirst: isFirst[at]!,
          isCancelled: (own.chance(CANCELLED) && shift.endsAt < loadedAt) || isOff(shift.date),
        })),
      };
    });
  return { riskGroups, ruleSetId, devices, taskKinds, equipmentKinds, patterns, projects, contracts, assignments };
};
