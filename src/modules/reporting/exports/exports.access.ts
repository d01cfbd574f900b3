import { takesIn, waysOf } from '../../../platform/access/allowance.ts';
import type { Allowance } from '../../../platform/access/allowance.ts';
import type { Decision } from '../../../platform/access/decision.ts';
import type { GrantScope } from '../../../platform/access/principal.ts';
import type { ReportColumn, ReportDefinition } from '../../../platform/render/report.ts';
import type { ExportRow } from './exports.repository.ts';

export const CREATE_PERMISSION = 'reporting:export:create';

export type Snapshot = ExportRow['permissionSnapshot'];
type Decide = (permission: string) => Decision;

const permissionsOf = ({ permission, columns }: ReportDefinition): string[] => [
  ...new Set([CREATE_PERMISSION, permission, ...columns.flatMap((column) => column.permission ?? [])]),
];

const inOrder = (scopes: readonly GrantScope[]): GrantScope[] =>
  scopes.map(({ kind, id }) => ({ kind, id })).toSorted((a, b) => (a.id < b.id ? -1 : 1));

const held = (decide: Decide, permission: string): Snapshot[number] => {
  const decision = decide(permission);
  if (!decision.allowed) return { permission, ways: [], except: [] };
  const ways = waysOf(decision).map(({ reach, scopes }) => ({ reach, scopes: inOrder(scopes) }));
  return { permission, ways, except: inOrder(decision.except ?? []) };
};

const allowanceOf = ({ ways: [first, ...further], except }: Snapshot[number]): Allowance | undefined =>
  first && { ...first, further, except };

/** Everything that decides what a report shows to somebody: each permission it asks for, and how far it reaches. */
export const snapshotOf = (decide: Decide, report: ReportDefinition): Snapshot =>
  permissionsOf(report).map((permission) => held(decide, permission));

const scopeTexts = (scopes: readonly GrantScope[]) => scopes.map(({ kind, id }) => [kind, id]);
const textOf = (snapshot: Snapshot): string =>
  JSON.stringify(
    snapshot.map(({ permission, ways, except }) => [
      permission,
      ways.map(({ reach, scopes }) => [reach, scopeTexts(scopes)]),
      scopeTexts(except),
    ]),
  );

/** Whether nothing changed since `snapshot` was taken. */
export const isUnchanged = (snapshot: Snapshot, decide: Decide, report: ReportDefinition): boolean =>
  textOf(snapshot) === textOf(snapshotOf(decide, report));

/** The columns that are shown: those that were asked for, without those whose own permission does not take in every row. */
export const shownColumns = (
  report: ReportDefinition,
  { columns, permissionSnapshot }: Pick<ExportRow, 'columns' | 'permissionSnapshot'>,
): readonly ReportColumn[] => {
  const allowances = new Map(permissionSnapshot.map((one) => [one.permission, allowanceOf(one)]));
  const rows = allowances.get(report.permission);
  const isHeld = (permission: string): boolean => {
    const allowance = allowances.get(permission);
    return allowance !== undefined && rows !== undefined && takesIn(allowance, rows);
  };
  return report.columns.filter(
    ({ name, permission }) =>
      (columns === null || columns.includes(name)) && (permission === undefined || isHeld(permission)),
  );
};
