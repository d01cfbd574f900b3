// The other baseline: Express and Sequelize with instances and eager loading, as most such systems are written.
import express from 'express';
import { createVerifier } from 'fast-jwt';
import { DataTypes, Sequelize } from 'sequelize';
import { listen } from '../support/listen.ts';
import { createServer } from 'node:http';
import { PROFILE_COLUMNS, publicKeyOf } from './profile-page.ts';
import { report } from './child.ts';

const { BENCH_URL, BENCH_COMPANY, BENCH_JWKS, BENCH_ISSUER } = process.env as Record<string, string>;
const sequelize = new Sequelize(BENCH_URL!, { dialect: 'postgres', logging: false, pool: { max: 10 } });
const options = { underscored: true, timestamps: false, freezeTableName: true };
const key = { type: DataTypes.UUID, primaryKey: true };
const own = PROFILE_COLUMNS.filter((name) => !['departmentName', 'siteName', 'superiorId', 'id'].includes(name));
const typeOf = (name: string) =>
  name === 'attributes'
    ? DataTypes.JSONB
    : name.endsWith('At')
      ? DataTypes.DATE
      : name.endsWith('Id')
        ? DataTypes.UUID
        : DataTypes.STRING;
const Profile = sequelize.define(
  'profile',
  {
    id: key,
    companyId: DataTypes.UUID,
    deletedAt: DataTypes.DATE,
    ...Object.fromEntries(own.map((name) => [name, name === 'version' ? DataTypes.INTEGER : typeOf(name)])),
  },
  options,
);
const Site = sequelize.define('site', { id: key, companyId: DataTypes.UUID, name: DataTypes.TEXT }, options);
const Department = sequelize.define(
  'department',
  { id: key, companyId: DataTypes.UUID, name: DataTypes.TEXT },
  options,
);
const Line = sequelize.define(
  'reporting_line',
  {
    id: key,
    companyId: DataTypes.UUID,
    superiorId: DataTypes.UUID,
    subordinateId: DataTypes.UUID,
    endsOn: DataTypes.DATEONLY,
    deletedAt: DataTypes.DATE,
  },
  options,
);
Profile.belongsTo(Site, { foreignKey: 'siteId', as: 'site' });
Profile.belongsTo(Department, { foreignKey: 'departmentId', as: 'department' });
Profile.hasMany(Line, { foreignKey: 'subordinateId', as: 'lines' });

const verify = createVerifier({
  key: await publicKeyOf(BENCH_JWKS!),
  allowedIss: BENCH_ISSUER!,
  allowedAud: 'angelis-api',
  cache: true,
});
const app = express();
app.get('/people', async (request, response) => {
  try {
    verify((request.headers.authorization ?? '').slice(7));
  } catch {
    response.status(401).end();
    return;
  }
  const company = { companyId: BENCH_COMPANY! };
  const rows = await Profile.findAll({
    where: { ...company, deletedAt: null },
    order: ['lastName', 'id'],
    limit: 51,
    include: [
      { model: Site, as: 'site', where: company, required: false },
      { model: Department, as: 'department', where: company, required: false },
      { model: Line, as: 'lines', where: { ...company, endsOn: null, deletedAt: null }, required: false },
    ],
  });
  const items = rows.slice(0, 50).map((row) => {
    const {
      site,
      department,
      lines,
      companyId: _company,
      deletedAt: _deleted,
      ...rest
    } = row.toJSON() as Record<string, unknown> & {
      site: { name: string } | null;
      department: { name: string } | null;
      lines: { superiorId: string }[];
    };
    return {
      ...rest,
      departmentName: department?.name ?? null,
      siteName: site?.name ?? null,
      superiorId: lines[0]?.superiorId ?? null,
    };
  });
  response.json({ items, next: rows.length > 50 ? rows[49]!.get('id') : null });
});
report({ url: `${await listen(createServer(app))}/people` });
