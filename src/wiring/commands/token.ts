import { join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type pg from 'pg';
import { readSettings } from '../../platform/settings/settings.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { readRunning } from '../running-note.ts';
import { withSystemPool } from './database-access.ts';

const STAFF = ['superadmin', 'support', 'operator_auditor'] as const;
const ROLES = [
  ...STAFF,
  'owner',
  'admin',
  'manager',
  'supervisor',
  'worker',
  'safety_admin',
  'health_reader',
  'auditor',
] as const;
/** Whose screens are those of the worker client; everybody else signs in through the admin client. */
const ON_WORKER_CLIENT = ['worker', 'supervisor', 'manager'];
const COMPANY = 'cordillera';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface TokenOptions {
  readonly as: (typeof ROLES)[number];
  readonly company?: string;
  readonly profile?: string;
  readonly client?: 'worker' | 'admin';
}

interface Holder {
  readonly keycloakId: string | null;
  readonly name: string;
}

const STAFF_MEMBER = `select p.keycloak_id as "keycloakId", p.first_name || ' ' || p.last_name as name
  from operator_user o join person p on p.id = o.person_id
  where o.role = $1 and o.status = 'active' and p.status = 'active' order by o.id limit 1`;

/** Who holds the role and as few others as possible; the one with the lowest number among those. */
const MEMBER = `select p.keycloak_id as "keycloakId", p.first_name || ' ' || p.last_name as name
  from company c
  join profile f on f.company_id = c.id and f.status = 'active' and f.deleted_at is null
  join person p on p.id = f.person_id and p.status = 'active'
  join role_assignment r on r.company_id = c.id and r.profile_id = f.id and r.deleted_at is null
  where ($1::text is null or c.slug = $1) and ($2::uuid is null or f.id = $2)
  group by f.company_id, f.id, p.id
  having bool_or(r.system_role = $3)
  order by count(*), f.employee_number, f.id limit 1`;

const find = async (system: pg.Pool, { as, company, profile }: TokenOptions): Promise<Holder> => {
  const isStaff = (STAFF as readonly string[]).includes(as);
  if (isStaff && (company !== undefined || profile !== undefined))
    throw new Error(`${as} is staff of the operator: leave --company and --profile out`);
  if (profile !== undefined && !UUID.test(profile)) throw new Error('--profile takes the id of a profile');
  const slug = company ?? (profile === undefined ? COMPANY : null);
  const { rows } = isStaff
    ? await system.query<Holder>(STAFF_MEMBER, [as])
    : await system.query<Holder>(MEMBER, [slug, profile ?? null, as]);
  if (rows[0] !== undefined) return rows[0];
  const where = [
    slug === null ? '' : ` in company ${slug}`,
    profile === undefined ? '' : ` as profile ${profile}`,
  ].join('');
  throw new Error(`Nobody is ${as}${where}: "npx angelis demo accounts --json" lists who is what.`);
};

/** The issuer as the process on DATA_DIR runs it: its keys, its address. */
const besideIssuer = async (settings: Settings) => {
  const publicUrl = (await readRunning(settings.DATA_DIR))?.publicUrl ?? settings.PUBLIC_URL;
  const { createLocalIdentityProvider } = await import('../../platform/identity-provider/local.ts');
  return createLocalIdentityProvider({
    issuer: `${publicUrl}/realms/${settings.KEYCLOAK_REALM}`,
    now: () => new Date(),
    environment: { nodeEnv: settings.NODE_ENV, appEnv: settings.APP_ENV },
    redirectUris: [],
    folder: join(settings.DATA_DIR, 'issuer'),
    beside: true,
  });
};

const printToken = async (options: TokenOptions): Promise<void> => {
  const settings = readSettings(process.env);
  if (settings.KEYCLOAK_URL !== undefined)
    throw new Error('Tokens are printed by the development issuer only: here people sign in at KEYCLOAK_URL.');
  const issuer = await besideIssuer(settings);
  const { keycloakId, name } = await withSystemPool((system) => find(system, options));
  if (keycloakId === null) throw new Error(`${name} has no sign-in yet`);
  const client = options.client ?? (ON_WORKER_CLIENT.includes(options.as) ? 'worker' : 'admin');
  const token = await issuer.mint({ user: { id: keycloakId }, client: `angelis-${client}` });
  process.stdout.write(`${token}\n`);
};

/** `angelis token` */
export const tokenCommand = (program: Command): void => {
  program
    .command('token')
    .description('prints an access token of a person of the demo, good for five minutes: for use with curl')
    .addOption(new Option('--as <role>', 'whose').choices(ROLES).makeOptionMandatory())
    .option('--company <slug>', `of which company (default: ${COMPANY})`)
    .option('--profile <id>', 'of this profile, which must hold the role')
    .addOption(
      new Option(
        '--client <client>',
        `through which client (default: worker for ${ON_WORKER_CLIENT.join(', ')}, else admin)`,
      ).choices(['worker', 'admin']),
    )
    .addHelpText(
      'after',
      `
Each token opens a session of its own; a person has three at most, and the oldest ends. Beside a running demo nothing is
written. Somebody with profiles in two companies says which one by the header X-Company-Slug.

  curl -H "Authorization: Bearer $(npx angelis token --as supervisor)" http://localhost:3000/angelis/auth/me`,
    )
    .action(printToken);
};
