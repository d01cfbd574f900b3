import type { Reach } from '../../../platform/access/principal.ts';

/** A role that every company has and nobody can change; docs/glossary.md says who holds which. */
export interface SystemRole {
  readonly code: string;
  readonly reach: Reach;
  /** Nobody grants a role of a higher rank than their own highest. */
  readonly rank: number;
  readonly scope: 'operator' | 'company';
  readonly grants: readonly string[];
  readonly denies: readonly string[];
  /** Whether a company's admins may assign it. */
  readonly assignable: boolean;
  /** Who may give roles by this one gives these and no others, and manages only who holds no others. Absent: by rank. */
  readonly gives?: readonly string[];
  /** Only owners give it, take it, and manage who holds it: it can see what no admin can. */
  readonly byOwner?: boolean;
}

const operator = (code: string, rank: number, grants: readonly string[]): SystemRole => ({
  code,
  reach: 'operator',
  rank,
  scope: 'operator',
  grants,
  denies: [],
  assignable: false,
});

const company = (
  code: string,
  reach: Reach,
  rank: number,
  grants: readonly string[],
  denies: readonly string[] = [],
): SystemRole => ({
  code,
  reach,
  rank,
  scope: 'company',
  grants,
  denies,
  assignable: true,
});

/** Raw test values are for those who are named for it; nobody holds them by another role. */
const NO_METRICS = ['fitness:metrics:read'];
/** Evidence of health behind a credential is for those who decide on it. */
const NO_EVIDENCE = ['workforce:evidence:read'];
/** What the operator sells is changed by its staff only. */
const NO_SALES = ['commerce:subscription:write', 'commerce:subscription:move'];

/** What staff in a support session change for a customer; docs/decisions/what-support-may-change.md says why no more. */
const SUPPORT = [
  'organization:appconfig:write',
  'organization:batch-upload:write',
  'organization:department:write',
  'organization:invitation:write',
  'organization:feature-grant:revoke',
  'organization:feature-grant:write',
  'organization:profile:check',
  'organization:profile:invite',
  'organization:profile:write',
  'organization:site:write',
  'commerce:subscription:write',
  'commerce:subscription:move',
];

/** The roles of domain.md 2, by what they may do. */
export const SYSTEM_ROLES: readonly SystemRole[] = [
  operator('superadmin', 1_000, ['operator:*:*', 'organization:company:*', 'commerce:*:*', 'reporting:audit:*']),
  operator('support', 900, [
    'operator:company:read',
    'operator:support:*',
    'operator:person:read',
    'operator:person:move',
    'operator:quarantine:*',
    'operator:source-company:*',
    'organization:company:read',
    'commerce:*:read',
  ]),
  operator('operator_auditor', 800, [
    'operator:*:read',
    'organization:company:read',
    'commerce:*:read',
    'reporting:audit:*',
  ]),
  {
    // Above managers, below auditors and all who look after the company.
    ...operator('support_session', 410, ['*:*:read', ...SUPPORT]),
    reach: 'company',
    denies: ['operator:*:*', ...NO_METRICS, ...NO_EVIDENCE],
  },
  company('owner', 'company', 700, ['*:*:*'], ['operator:*:*', ...NO_METRICS, ...NO_EVIDENCE, ...NO_SALES]),
  company('admin', 'company', 600, [
    'organization:*:*',
    'workforce:*:*',
    'commerce:license:*',
    'commerce:offering:read',
    'commerce:subscription:read',
    'reporting:*:*',
    'identity:*:*',
    'fitness:source:*',
    'fitness:device:*',
    'notifications:*:*',
  ]),
  company('senior_admin', 'company', 610, [
    'organization:*:*',
    'workforce:*:*',
    'commerce:license:*',
    'commerce:offering:read',
    'commerce:subscription:read',
    'reporting:*:*',
    'identity:*:*',
    'notifications:own:*',
  ]),
  {
    ...company(
      'institution_admin',
      'company',
      500,
      [
        'organization:profile:*',
        'organization:invitation:*',
        'organization:resident:*',
        'organization:role:read',
        'organization:role-assignment:*',
        'organization:feature:read',
        'organization:feature-grant:*',
        'notifications:own:*',
      ],
      ['organization:profile:erase', 'organization:resident:reinstate'],
    ),
    gives: ['member', 'physician', 'resident'],
  },
  company(
    'manager',
    'hierarchy',
    400,
    [
      'workforce:*:read',
      'workforce:contract:*',
      'workforce:assignment:*',
      'workforce:shift:*',
      'workforce:roster-exception:*',
      'workforce:leave:*',
      'workforce:declared-hours:*',
      'workforce:credential:write',
      'organization:*:read',
      'fitness:board:read',
      'fitness:case:*',
      'fitness:self-report:write',
      'fitness:result:read',
      'fitness:requirement:*',
      'fitness:signal:write',
      'fitness:compliance:read',
      'gate:decision:*',
      'gate:hour-authorization:read',
      'gate:rule:read',
      'reporting:export:*',
      'notifications:own:*',
    ],
    [...NO_METRICS, ...NO_EVIDENCE],
  ),
  company(
    'supervisor',
    'reports',
    300,
    [
      'organization:profile:read',
      'organization:site:read',
      'organization:department:read',
      'workforce:*:read',
      'workforce:shift:start',
      'workforce:shift:finish',
      'workforce:roster-exception:write',
      'fitness:board:read',
      'fitness:case:read',
      'fitness:case:move',
      'fitness:case:notes',
      'fitness:self-report:write',
      'fitness:result:read',
      'fitness:signal:write',
      'fitness:requirement:read',
      'fitness:requirement:ask',
      'fitness:requirement:assess',
      'fitness:requirement:excuse',
      'reporting:export:*',
      'gate:decision:ask',
      'gate:decision:read',
      'notifications:own:*',
    ],
    [...NO_METRICS, ...NO_EVIDENCE],
  ),
  company('worker', 'self', 100, [
    'fitness:own:*',
    'fitness:self-report:write',
    'fitness:result:read',
    'fitness:signal:write',
    'workforce:assignment:read',
    'workforce:shift:read',
    'workforce:shift:start',
    'workforce:shift:finish',
    'workforce:roster-exception:read',
    'workforce:roster-exception:write',
    'workforce:credential:read',
    'workforce:credential:write',
    'workforce:leave:read',
    'workforce:declared-hours:read',
    'workforce:declared-hours:write',
    'commerce:license:read',
    'gate:decision:ask',
    'notifications:own:*',
  ]),
  company('member', 'self', 50, ['notifications:own:*']),
  company(
    'safety_admin',
    'company',
    550,
    [
      'fitness:*:*',
      'gate:*:*',
      'organization:*:read',
      'workforce:*:read',
      'workforce:credential:*',
      'workforce:credential-requirement:*',
      'workforce:evidence:read',
      'workforce:risk-group:*',
      'reporting:export:*',
      'notifications:own:*',
    ],
    NO_METRICS,
  ),
  {
    ...company('health_reader', 'company', 350, [
      'fitness:metrics:read',
      'workforce:evidence:read',
      'fitness:result:read',
      'organization:profile:read',
      'notifications:own:*',
    ]),
    byOwner: true,
  },
  company('dispatcher', 'company', 320, ['field-service:*:*', 'organization:*:read', 'notifications:own:*']),
  company('technician', 'self', 110, ['field-service:own:*', 'notifications:own:*']),
  company('customer', 'self', 20, ['field-service:customer:*', 'notifications:own:*']),
  company('resident', 'self', 110, ['dictation:*:*', 'notifications:own:*']),
  company('physician', 'company', 310, ['dictation:*:*', 'notifications:own:*']),
  company('finance_officer', 'company', 450, ['back-office:*:*', 'notifications:own:*']),
  company('sales_rep', 'company', 310, ['back-office:customer:*', 'back-office:opportunity:*', 'notifications:own:*']),
  company(
    'auditor',
    'company',
    420,
    ['reporting:audit:*', '*:*:read', 'reporting:export:*', 'notifications:own:*'],
    ['operator:*:*', ...NO_METRICS, ...NO_EVIDENCE],
  ),
];
