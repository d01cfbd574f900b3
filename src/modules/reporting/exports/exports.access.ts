import type { Decision } from '../../../platform/access/decision.ts';
import type { ReportColumn, ReportDefinition } from '../../../platform/render/report.ts';
import type { ExportRow } from './exports.repository.ts';

export const CREATE_PERMISSION = 'reporting:export:create';

export type Snapshot = ExportRow['permissionSnapshot'];
type Decide = (permission: string) => Decision;

const permissionsOf = ({ permission, columns }: ReportDefinition): string[] => [
  ...new Set([CREATE_PERMISSION, permission, ...columns.flatMap((column) => column.permission ?? [])]),
];

const held = (decide: Decide, permission: string): Snapshot[number] => {
  const decision = decide(permission);
  if (!decision.allowed) return { permission, reach: null, scopes: [] };
  const scopes = decision.scopes.map(({ kind, id }) => ({ kind, id }));
  return { permission, reach: decision.reach, scopes: scopes.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
};

/** Everything that decides what a report shows to somebody: each permission it asks for, and how far it reaches. */
export const snapshotOf = (decide: Decide, report: ReportDefinition): Snapshot =>
  permissionsOf(report).map((permission) => held(decide, permission));

const textOf = (snapshot: Snapshot): string =>
  JSON.stringify(
    snapshot.map(({ permission, reach, scopes }) => [permission, reach, scopes.map(({ kind, id }) => [kind, id])]),
  );

/** Whether nothing changed since `snapshot` was taken. */
export const isUnchanged = (snapshot: Snapshot, decide: Decide, report: ReportDefinition): boolean =>
  textOf(snapshot) === textOf(snapshotOf(decide, report));

/** The columns that are shown: those that were asked for, without those that need more than the snapshot holds. */
export const shownColumns = (
  report: ReportDefinition,
  { columns, permissionSnapshot }: Pick<ExportRow, 'columns' | 'permissionSnapshot'>,
): readonly ReportColumn[] => {
  const missing = new Set(permissionSnapshot.filter(({ reach }) => reach === null).map(({ permission }) => permission));
  return report.columns.filter(
    ({ name, permission }) =>
      (columns === null || columns.includes(name)) && (permission === undefined || !missing.has(permission)),
  );
};
