import { expect } from 'chai';
import express from 'express';
import Type from 'typebox';
import { projectsReport } from '../../../src/modules/workforce/projects/projects.report.ts';
import type { Module } from '../../../src/platform/http/module.ts';
import { checkModules, checkServed, openingsOf, routesOf } from '../../../src/platform/http/registry.ts';
import { ok, route } from '../../../src/platform/http/route.ts';
import type { Contract } from '../../../src/platform/http/route.ts';
import { exact, uuid } from '../../../src/platform/schema/types.ts';

const answer = exact({ n: Type.Integer() });
const at = (over: Partial<Contract> = {}) =>
  route(
    {
      method: 'get',
      path: '/',
      id: 'getThing',
      summary: 'A thing',
      permission: 'area:thing:read',
      responses: { 200: answer },
      ...over,
    },
    () => Promise.resolve(ok({ n: 1 })),
  );
const thing = (over: Partial<Module> = {}): Module => ({
  name: 'thing',
  base: '/thing',
  permissions: { 'area:thing:read': 'rows' },
  routes: [at()],
  ...over,
});

const faultOf = (modules: readonly Module[]): string => {
  try {
    checkModules(modules);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the registry of modules', () => {
  it('takes modules that fit', () => {
    expect(
      faultOf([
        thing(),
        thing({
          name: 'other',
          base: '/other',
          requires: ['thing'],
          permissions: {},
          routes: [at({ id: 'getOther' })],
        }),
      ]),
    ).to.equal('');
  });

  const byId = { path: '/:id', params: exact({ id: uuid() }) } as const;
  for (const [what, modules, said] of [
    [
      'two of one name',
      [thing(), thing({ base: '/b', permissions: {}, routes: [at({ id: 'b' })] })],
      'two modules are called thing',
    ],
    ['a requirement that is missing', [thing({ requires: ['gone'] })], 'thing requires gone, which is missing'],
    [
      'a path that collides',
      [thing(), thing({ name: 'b', permissions: {}, routes: [at({ id: 'b' })] })],
      'two routes answer get /thing',
    ],
    [
      'paths that differ in a parameter’s name',
      [thing({ routes: [at(byId), at({ id: 'b', path: '/:other', params: exact({ other: uuid() }) })] })],
      'two routes answer get /thing/:',
    ],
    [
      'one operation twice',
      [thing(), thing({ name: 'b', base: '/b', permissions: {} })],
      'two routes are called getThing',
    ],
    ['a permission nobody defines', [thing({ permissions: {} })], 'no permission area:thing:read'],
    [
      'a report with a permission nobody defines',
      [thing({ reports: [{ ...projectsReport, permission: 'area:thing:export' }] })],
      'report projects: no permission area:thing:export',
    ],
    [
      'a permission defined twice',
      [thing(), thing({ name: 'b', base: '/b', routes: [] })],
      'permission area:thing:read is defined twice',
    ],
    ['a parameter that is not declared', [thing({ routes: [at({ path: '/:id' })] })], 'path parameters id but params'],
    [
      'a path that is more than words and parameters',
      [thing({ routes: [at({ path: '/a{/:b}' })] })],
      'getThing: path /thing/a{/:b} is no words and parameters',
    ],
    ['a change without a version', [thing({ routes: [at({ ...byId, method: 'delete' })] })], 'delete needs ifMatch'],
    [
      'a key on what is no POST',
      [thing({ routes: [at({ idempotency: 'accepted' })] })],
      'only a POST takes an Idempotency-Key',
    ],
    [
      'routes without a base',
      [{ name: 'thing', permissions: { 'area:thing:read': 'rows' }, routes: [at()] }],
      'thing has routes but no base',
    ],
  ] satisfies [string, Module[], string][])
    it(`refuses ${what}`, () => {
      expect(faultOf(modules)).to.contain(said);
    });

  it('tells every fault at once', () => {
    expect(faultOf([thing({ permissions: {}, requires: ['gone'] })]).split('\n')).to.have.length(3);
  });

  it('lets machine clients through where a route says so, beside its clients or those of its module', () => {
    const routes = [
      at({ machines: true }),
      at({ path: '/only', id: 'only', clients: ['admin'], machines: true }),
      at({ path: '/people', id: 'people' }),
    ];
    expect(routesOf([thing({ routes })]).map(({ contract }) => contract.clients)).to.deep.equal([
      ['worker', 'admin', 'machine'],
      ['admin', 'machine'],
      ['worker', 'admin'],
    ]);
    const [inAdmin] = routesOf([thing({ base: '/admin/thing', routes: [at({ machines: true })] })]);
    expect(inAdmin!.contract.clients).to.deep.equal(['admin', 'machine']);
  });

  it('knows through which clients a permission opens anything: a route, or a report, which no machine has made', () => {
    const routes = [at({ clients: ['admin'] }), at({ path: '/b', id: 'b', clients: ['admin'], machines: true })];
    const reports = [{ ...projectsReport, permission: 'area:thing:export' }];
    const permissions = { 'area:thing:read': 'rows', 'area:thing:export': 'rows', 'area:thing:idle': 'rows' } as const;
    const openings = openingsOf([thing({ routes, reports, permissions })]);
    expect([...openings.get('area:thing:read')!]).to.have.members(['admin', 'machine']);
    expect([...openings.get('area:thing:export')!]).to.have.members(['worker', 'admin']);
    expect(openings.has('area:thing:idle')).to.equal(false);
  });

  it('refuses an application that answers where nobody declared it', () => {
    const app = express();
    app.get('/angelis/secret', (_request, response) => void response.end());
    expect(() => checkServed(app, [thing()], [], undefined)).to.throw('/angelis/secret');
  });
});
