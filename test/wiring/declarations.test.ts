import { expect } from 'chai';
import { routesOf } from '../../src/platform/http/registry.ts';
import type { MountedRoute } from '../../src/platform/http/registry.ts';
import { upkeepTicks } from '../../src/platform/jobs/upkeep.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';

/**
 * Signed-in routes that are not of a company: open to everybody who is signed in, and also where the company may only be
 * read. Whoever adds one says why it is none of the company's; else it declares `ofCompany: true`, or asks for a permission.
 */
const NOT_OF_COMPANY: Readonly<Record<string, readonly string[]>> = {
  'what somebody signs in with is their own, in whatever company they are': [
    'editMe',
    'changeMyEmail',
    'changeMyPhone',
    'confirmMyEmail',
    'confirmMyPhone',
    'changeMyPassword',
  ],
  'it begins, ends or moves sessions of the caller only, or says what a token is that they hold': [
    'logOut',
    'logOutAdmin',
    'endMySession',
    'endMyOtherSessions',
    'switchCompany',
    'endSupportSession',
    'introspectToken',
  ],
  'to be erased is a right of the person, in every company': [
    'getMyErasureRequest',
    'askForErasure',
    'withdrawErasureRequest',
  ],
  'it shows the caller to themselves': [
    'readMe',
    'readAdminMe',
    'listMySessions',
    'listMyCompanies',
    'explainMyPermissions',
    'listMyFeatures',
    'exportMyData',
  ],
  'it says how long data is kept, to everybody alike': ['listRetention'],
  'each of its parts asks for the permission of what it shows': ['getDashboard'],
};

/** Routes with a permission that also write where the company may only be read, and why. */
const WAIT_FOR_NOTHING: Readonly<Record<string, readonly string[]>> = {
  'a secret that got out is no good any more': ['revokeApiClient'],
};

/** What visits companies one by one, and which: the rest is the operator's. */
const VISITS: Readonly<Record<'each-company' | 'each-active-company', readonly string[]>> = {
  // What ends or goes in its time: nobody waits for it, and it must not wait for anybody.
  'each-company': [
    'identity.sessions.stale',
    'notifications.purge',
    'organization.feature-use.trim',
    'organization.role-assignments.expire',
    'organization.usage.trim',
    'platform.rows.purge',
    'reporting.export.purge',
  ],
  // What companies work with. Where nothing may be written nothing falls due, and nobody is told; it goes on where it was.
  'each-active-company': [
    'fitness.baselines',
    'fitness.compliance.totals',
    'fitness.devices.calibration',
    'fitness.requirements.close',
    'fitness.requirements.generate',
    'organization.usage.snapshot',
    'workforce.credentials.notify',
    'workforce.rosters.expand',
  ],
};

describe('what modules declare', () => {
  let app: TestApp;
  let routes: readonly MountedRoute[];

  before(async () => {
    app = await startApp();
    routes = routesOf(app.modules);
  });
  after(() => app.close());

  it('of a route for whoever is signed in: that it is of the company, or why not', () => {
    const unsaid = routes
      .map(({ contract }) => contract)
      .filter(({ permission, ofCompany }) => permission === 'signed-in' && ofCompany !== true)
      .map(({ id }) => id);
    const explained = Object.values(NOT_OF_COMPANY).flat();
    expect(unsaid.filter((id) => !explained.includes(id))).to.deep.equal([]);
    expect(
      explained.filter((id) => !unsaid.includes(id)),
      'explained for nothing',
    ).to.deep.equal([]);
  });

  it('of a route with a permission nothing else, for its permission says that it is of the company; or why it does not wait', () => {
    const said = routes.filter(
      ({ contract }) => contract.permission !== 'signed-in' && contract.ofCompany !== undefined,
    );
    expect(said.map(({ contract }) => [contract.id, contract.ofCompany])).to.deep.equal(
      Object.values(WAIT_FOR_NOTHING).flatMap((ids) => ids.map((id) => [id, false])),
    );
  });

  it('of a tick that visits companies: whether those too that are not active', () => {
    const { system, db } = app.platform;
    const upkeep = upkeepTicks({
      system,
      db,
      partitioned: [],
      rows: { deleted: () => Promise.resolve(0) },
      trimTicks: () => Promise.resolve(),
    });
    const ticks = [...app.modules.flatMap((module) => module.ticks ?? []), ...upkeep];
    for (const [visits, names] of Object.entries(VISITS))
      expect(
        ticks.filter((tick) => tick.for === visits).map(({ name }) => name),
        visits,
      ).to.have.members(names);
  });
});
