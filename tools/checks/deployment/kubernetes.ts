import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { declarations } from '../../../src/platform/settings/schema.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly selector?: { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly ports?: readonly { readonly targetPort?: number | string }[];
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  };
}
type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet?: { readonly port: number | string };
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly securityContext?: { readonly runAsNonRoot?: boolean };
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    readonly startupProbe?: Probe;
    readonly livenessProbe?: Probe;
    readonly readinessProbe?: Probe;
    readonly resources?: { readonly limits?: { readonly memory?: string } };
    readonly securityContext?: {
      readonly readOnlyRootFilesystem?: boolean;
      readonly allowPrivilegeEscalation?: boolean;
    };
  }[];
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string }[];
  readonly configMapGenerator: readonly { readonly name: string; readonly literals: readonly string[] }[];
}

type Validate = ((document: unknown) => boolean) & {
  errors?: readonly { instancePath: string; message?: string; keyword: string; params: object }[];
};

const GROUPS: Readonly<Record<string, string>> = {
  'apps/v1': 'IoK8sApiAppsV1',
  'autoscaling/v2': 'IoK8sApiAutoscalingV2',
  'batch/v1': 'IoK8sApiBatchV1',
  'networking.k8s.io/v1': 'IoK8sApiNetworkingV1',
  'policy/v1': 'IoK8sApiPolicyV1',
  v1: 'IoK8sApiCoreV1',
};

/** Remembers which of an object's keys are looked at: what the schema's validator never reads, it does not know. */
const watched = (value: unknown, path: string, unread: Set<string>): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  const inside: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
  for (const [key, child] of Object.entries(value)) {
    const at = `${path}/${key}`;
    Object.assign(inside, { [key]: watched(child, at, unread) });
    if (!Array.isArray(value)) unread.add(at);
  }
  return new Proxy(inside, {
    get: (target, key, receiver) => {
      unread.delete(`${path}/${String(key)}`);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
};

const schemaFaults = async (manifest: Manifest): Promise<string[]> => {
  const group = GROUPS[manifest.apiVersion];
  const name = `${manifest.kind} ${manifest.metadata.name}`;
  if (group === undefined)
    return [`${name}: ${manifest.apiVersion} is not known to tools/checks/deployment/kubernetes.ts`];
  const { validate } = (await import(`kubernetes-models/_schemas/${group}${manifest.kind}`)) as { validate: Validate };
  const unread = new Set<string>();
  const isValid = validate(watched(manifest, '', unread));
  const wrong = isValid
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`,
      );
  // Below a key that is unknown nothing is read either.
  const unknown = [...unread]
    .filter((path) => !unread.has(path.slice(0, path.lastIndexOf('/'))))
    .map((path) => `${path} is unknown`);
  return [...wrong, ...unknown].map((fault) => `${name}: ${fault}`);
};

const containerFaults = (kind: string, spec: PodSpec): string[] =>
  spec.containers.flatMap(({ name, image, securityContext, resources, ports = [], ...probes }) => [
    ...(spec.securityContext?.runAsNonRoot === true ? [] : [`${name} may run as root`]),
    ...(securityContext?.readOnlyRootFilesystem === true ? [] : [`${name} may write its image`]),
    ...(securityContext?.allowPrivilegeEscalation === false ? [] : [`${name} may gain rights`]),
    ...(resources?.limits?.memory === undefined ? [`${name} has no limit of memory`] : []),
    ...(image === 'angelis' ? [] : [`${name} runs ${image}, which the release does not set`]),
    ...(kind === 'Deployment' && (probes.livenessProbe === undefined || probes.readinessProbe === undefined)
      ? [`${name} has no probes`]
      : []),
    ...[probes.startupProbe, probes.livenessProbe, probes.readinessProbe]
      .flatMap((probe) => probe?.httpGet?.port ?? [])
      .filter((port) => !ports.some((one) => one.name === port || one.containerPort === port))
      .map((port) => `${name} is probed at ${port}, where it does not listen`),
  ]);

const contains = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** Ports of a Service that none of its pods' containers listens on. */
const portFaults = (service: Manifest, all: readonly Manifest[]): string[] => {
  const wanted = service.spec?.selector as Labels;
  const listened = all
    .flatMap(({ spec }) => spec?.template ?? [])
    .filter(({ metadata }) => contains(metadata.labels, wanted))
    .flatMap(({ spec }) => spec.containers.flatMap(({ ports = [] }) => ports));
  return (service.spec?.ports ?? []).flatMap(({ targetPort }) =>
    listened.some(({ name, containerPort }) => targetPort === name || targetPort === containerPort)
      ? []
      : [`leads to ${targetPort}, where nothing listens`],
  );
};

const referenceFaults = (
  manifest: Manifest,
  all: readonly Manifest[],
  { configMapGenerator }: Kustomization,
): string[] => {
  const { spec } = manifest;
  const pods = all.flatMap(({ spec: other }) =>
    other?.template === undefined ? [] : [other.template.metadata.labels],
  );
  const wanted = spec?.selector?.matchLabels ?? spec?.podSelector?.matchLabels;
  const target = spec?.scaleTargetRef;
  const configMaps =
    spec?.template?.spec.containers.flatMap(({ envFrom = [] }) =>
      envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []),
    ) ?? [];
  return [
    ...(manifest.kind === 'Service' ? portFaults(manifest, all) : []),
    ...(wanted === undefined || pods.some((labels) => contains(labels, wanted)) ? [] : ['selects nothing']),
    ...(target === undefined || all.some(({ kind, metadata }) => kind === target.kind && metadata.name === target.name)
      ? []
      : ['scales nothing']),
    ...configMaps
      .filter((name) => !configMapGenerator.some((made) => made.name === name))
      .map((name) => `there is no config map ${name}`),
  ];
};

/** What is wrong with the files of a kustomize folder: against Kubernetes' own schemas, what they name, and what they leave open. */
export const kubernetesFaults = async (folder: string): Promise<string[]> => {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const kustomization = parse(read('kustomization.yaml')) as Kustomization;
  const all = kustomization.resources.flatMap((name) =>
    parseAllDocuments(read(name)).map((document) => document.toJS() as Manifest),
  );
  const settings = kustomization.configMapGenerator.flatMap(({ literals }) =>
    literals.map((literal) => literal.split('=')[0] ?? ''),
  );
  const faults = await Promise.all(
    all.map(async (manifest) => [
      ...(await schemaFaults(manifest)),
      ...[
        ...(manifest.spec?.template === undefined ? [] : containerFaults(manifest.kind, manifest.spec.template.spec)),
        ...referenceFaults(manifest, all, kustomization),
      ].map((fault) => `${manifest.kind} ${manifest.metadata.name}: ${fault}`),
    ]),
  );
  return [
    ...faults.flat(),
    ...settings.filter((name) => !declarations.has(name)).map((name) => `${name} is no setting`),
    ...(kustomization.images.some(({ name }) => name === 'angelis') ? [] : ['kustomization.yaml sets no image']),
  ].map((fault) => `${folder}: ${fault}`);
};
