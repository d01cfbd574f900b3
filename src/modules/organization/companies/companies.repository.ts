import Type from 'typebox';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { conflict, country, email, entity, exact, instant, integer } from '../../../platform/module.ts';
import { line, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

export const COMPANY_KINDS = ['standard', 'institution', 'personal'] as const;
export const COMPANY_STATES = ['pending', 'active', 'suspended', 'archived', 'purged'] as const;

/** What goes when a company is purged, in this order: each waits until the one before is through. */
export const PURGE_STEPS = ['people', 'files', 'realm', 'rows'] as const;
export type PurgeStep = (typeof PURGE_STEPS)[number];

const most = () => Type.Optional(integer(0, 10_000_000));
const LIMITS = exact(
  { users: most(), workers: most(), residents: most(), storageMb: most(), apiPerDay: most() },
  { description: 'What the plan allows; what is left out has no limit' },
);
const ADDRESS = exact({
  kind: oneOf(['legal', 'billing', 'site', 'other']),
  street: line(200),
  city: line(100),
  region: nullable(line(100)),
  postalCode: nullable(line(20)),
  country: country(),
});
const CONTACT = exact({
  name: line(200),
  role: nullable(line(100)),
  email: nullable(email()),
  phone: nullable(Type.String({ pattern: '^\\+[0-9]{6,15}$', description: 'E.164', examples: ['+56223456789'] })),
});

/** A tenant. Everything a company has hangs on its id; see docs/glossary.md. */
export const Company = entity({
  table: 'company',
  fields: {
    slug: Type.String({ pattern: '^[a-z0-9-]{3,63}$', examples: ['minera-norte'] }),
    name: line(200),
    kind: oneOf(COMPANY_KINDS),
    taxId: nullable(line(40, { description: 'In Chile a RUT', examples: ['76086428-5'] })),
    parentId: nullable(uuid({ description: 'The holding it belongs to' })),
    customDomain: nullable(Type.String({ maxLength: 253 })),
    plan: line(40),
    limits: LIMITS,
    addresses: Type.Array(ADDRESS, { maxItems: 20 }),
    contacts: Type.Array(CONTACT, { maxItems: 20 }),
    timezone: line(60, { description: 'IANA time zone', examples: ['America/Santiago'] }),
    locale: oneOf(LOCALES),
    archiveAt: nullable(instant({ description: 'A suspended company is archived then' })),
    purgeAt: nullable(instant({ description: 'An archived company may be purged from then on' })),
    status: oneOf(COMPANY_STATES),
  },
  hidden: { accessEpoch: integer(1, 2_147_483_647), purgeStep: nullable(oneOf(PURGE_STEPS)) },
  create: ['slug', 'name', 'kind', 'taxId', 'parentId', 'timezone', 'locale'],
  edit: ['name', 'kind', 'taxId', 'parentId', 'plan', 'limits', 'addresses', 'contacts', 'timezone', 'locale'],
  personal: ['contacts'],
});
export type CompanyRow = RowOf<typeof Company>;

/** What a company's own people may change of it. */
export const OWN_EDIT = exact(
  {
    name: Type.Optional(Company.fields.name),
    taxId: Type.Optional(Company.fields.taxId),
    addresses: Type.Optional(Company.fields.addresses),
    contacts: Type.Optional(Company.fields.contacts),
    timezone: Type.Optional(Company.fields.timezone),
    locale: Type.Optional(Company.fields.locale),
  },
  { minProperties: 1 },
);

const SHOWN = Company.json('c');

const STANDING = {
  status: coarse(equalTo('c.status', oneOf(COMPANY_STATES)), 'companies are some hundreds'),
  kind: coarse(equalTo('c.kind', oneOf(COMPANY_KINDS)), 'the same'),
};

/** For the operator, whose own company ($1) is not among them. */
export const companyList: ListDefinition = {
  name: 'companies',
  from: 'from company c',
  alias: 'c',
  where: 'c.id <> $1 and c.deleted_at is null',
  item: SHOWN,
  sorts: { name: 'c.name', slug: 'c.slug', created: 'c.created_at' },
  defaultSort: 'name',
  filters: {
    ...STANDING,
    parentId: equalTo('c.parent_id', uuid()),
    name: {
      schema: line(100),
      sql: (bind, value) => `strpos(lower(c.name), lower(${bind(value)})) > 0`,
      coarse: 'the same',
    },
  },
};

/** The company itself, for its own people. */
export const ownCompany: ListDefinition = {
  ...companyList,
  name: 'own-company',
  where: `c.id = $1 and c.kind <> 'operator' and c.deleted_at is null`,
};

const { slug, name, kind, status, timezone, locale } = Company.fields;

/** What a holding is shown of a company that belongs to it: who it is and how it stands, nothing that is its own. */
export const ChildCompany = exact(
  { id: uuid(), slug, name, kind, status, timezone, locale },
  { 'x-component': 'company_of_holding' },
);

/** The companies that belong to the reader's directly. */
export const childCompanies: ListDefinition = {
  name: 'companies-of-holding',
  from: 'from company c',
  alias: 'c',
  where: 'c.parent_id = $1 and c.deleted_at is null',
  item: `json_build_object('id', c.id, 'slug', c.slug, 'name', c.name, 'kind', c.kind, 'status', c.status,
    'timezone', c.timezone, 'locale', c.locale)`,
  sorts: { name: 'c.name', slug: 'c.slug' },
  defaultSort: 'name',
  filters: STANDING,
};

/** Whether `id` stands at or above `companyId` among holdings. */
export const isHoldingOf = async (reader: Reader, id: string, companyId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `with recursive up as (
       select c.id, c.parent_id, 1 as level from company c where c.id = $2
       union all
       select c.id, c.parent_id, up.level + 1 from company c join up on c.id = up.parent_id where up.level < 50)
     select 1 from up where id = $1`,
    [id, companyId],
  );
  return rows.length > 0;
};

/** Whether other companies may belong to this one: it is there, has not been closed, and is not the operator's own. */
export const mayBeHolding = async (reader: Reader, id: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from company where id = $1 and kind <> 'operator' and deleted_at is null
       and status in ('pending', 'active', 'suspended')`,
    [id],
  );
  return rows.length > 0;
};

/** Whether companies belong to this one. */
export const hasChildren = async (reader: Reader, id: string): Promise<boolean> =>
  (await reader.prepared('select 1 from company where parent_id = $1 and deleted_at is null limit 1', [id])).length > 0;

/** The plan's limits of the reader's company. */
export const limitsOf = async (reader: Reader): Promise<CompanyRow['limits']> => {
  const [row] = await reader.prepared<Pick<CompanyRow, 'limits'>>('select limits from company where id = $1', [
    reader.companyId,
  ]);
  return row?.limits ?? {};
};

/** Throws 409 where the company takes nobody in: it is suspended, or closed. */
export const mustTakeIn = async (reader: Reader): Promise<void> => {
  const rows = await reader.prepared(`select 1 from company where id = $1 and status in ('pending', 'active')`, [
    reader.companyId,
  ]);
  if (rows.length === 0) throw conflict('COMPANY_NOT_LIVE');
};

/** What roles give in the company changed: every session of it loads again what it may do. */
export const raiseAccessEpoch = async (tx: Tx): Promise<void> => {
  await tx.prepared('update company set access_epoch = access_epoch + 1 where id = $1', [tx.companyId]);
};
