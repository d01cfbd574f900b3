import Type from 'typebox';
import { PERIOD } from '../../../platform/render/report-sql.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import { equals, exact, line, statement, uuid } from '../../../platform/module.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/module.ts';

/** Who did what, when; the values themselves stay in the trail, where each reading of them is logged. */
export const auditReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'audit',
  permission: 'reporting:audit:read',
  filters: exact({ ...PERIOD, profileId: Type.Optional(uuid()), entity: Type.Optional(line(60)) }),
  columns: [
    { name: 'at', kind: 'instant', width: 1.5 },
    { name: 'actor', kind: 'text', width: 1.6 },
    { name: 'actorKind', kind: 'label', codes: ['profile', 'operator', 'machine', 'system'] },
    { name: 'auditAction', kind: 'text', width: 1.7 },
    { name: 'entityId', kind: 'text', width: 2.5 },
    { name: 'reason', kind: 'text', width: 1.7 },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select c.at, coalesce(f.first_name || ' ' || f.last_name, c.actor_via) as actor,
          c.actor_kind as "actorKind", c.action as "auditAction", c.entity_id as "entityId", c.reason
        from change c
        left join profile f on f.company_id = $1 and f.id = c.actor_id
        where c.company_id = $1
          and c.at >= ${bind(startOfDay(String(filters['from']), scope.zone))}
          and c.at < ${bind(startOfDay(addDays(String(filters['to']), 1), scope.zone))}
          and ${visible(scope, 'c.actor_id', bind)}
          ${equals(filters, { profileId: 'c.actor_id', entity: 'c.entity' }, bind)}
        order by c.at, c.id`,
    ),
});
