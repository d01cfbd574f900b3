// docs/architecture.md, "Direction", as rules over every file of src.
const module = '^src/modules/([^/]+/[^/]+)/';
const area = '^src/modules/([^/]+)/[^/]+$';
const composition = '^src/(wiring/|app\\.|server\\.|cli\\.)';
const runtime = ['type-only'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: runtime } },
    },
    {
      name: 'platform-knows-no-business',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: `^src/(modules|portals)/|${composition}` },
    },
    {
      name: 'modules-know-no-portal',
      severity: 'error',
      from: { path: '^src/modules/' },
      to: { path: `^src/portals/|${composition}` },
    },
    { name: 'portals-know-no-wiring', severity: 'error', from: { path: '^src/portals/' }, to: { path: composition } },
    {
      name: 'modules-meet-in-wiring',
      comment:
        'Another module is handed over by wiring; only its types may be imported, and the pure rules of the same area: files without a layer in their name.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/([^/]+)/' },
      to: {
        path: '^src/modules/',
        pathNot: ['^src/modules/$1/$2/', '^src/modules/$1/[^/]+/[^/.]+\\.ts$', '^src/modules/$1/[^/.]+\\.ts$'],
        dependencyTypesNot: runtime,
      },
    },
    {
      name: 'areas-meet-in-wiring',
      severity: 'error',
      from: { path: area },
      to: { path: '^src/modules/', pathNot: '^src/modules/$1/', dependencyTypesNot: runtime },
    },
    {
      name: 'no-foreign-insides',
      severity: 'error',
      from: { path: module },
      to: { path: '^src/modules/.*\\.(repository|reads|router)\\.ts$', pathNot: '^src/modules/$1/' },
    },
    {
      name: 'repository-is-the-bottom',
      severity: 'error',
      from: { path: '\\.(repository|reads)\\.ts$' },
      to: { path: '\\.(service|router|jobs)\\.ts$' },
    },
    {
      name: 'service-knows-neither-http-nor-tables',
      severity: 'error',
      from: { path: '\\.service\\.ts$' },
      to: { path: '\\.router\\.ts$|node_modules/(express|sequelize|express-validator)/' },
    },
    {
      name: 'router-only-to-service',
      comment:
        'A router takes the schemas of a row from the repository file of its own module, where the entity is declared; docs/decisions/one-declaration-of-a-row.md.',
      severity: 'error',
      from: { path: '\\.router\\.ts$' },
      to: { path: '\\.reads\\.ts$|node_modules/(sequelize|pg)/', dependencyTypesNot: runtime },
    },
    {
      name: 'only-wiring-builds-modules',
      severity: 'error',
      from: { path: '^src/(app|server|cli)\\.' },
      to: { path: '^src/(modules|portals)/' },
    },
    {
      name: 'only-commands-know-the-demo',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(demo/|wiring/commands/)' },
      to: { path: '^src/demo/' },
    },
    { name: 'src-stands-alone', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|tools)/' } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
