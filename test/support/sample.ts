import { v7 as uuidv7 } from 'uuid';

/** A value of which nothing is known but its members. */
export interface Loose {
  readonly [key: string]: unknown;
}

/** A value that fits a JSON Schema well enough to get past the check of shapes. */
export const sample = (schema: Loose): unknown => {
  if ('const' in schema) return schema['const'];
  if ('default' in schema) return schema['default'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const choice = (schema['anyOf'] ?? schema['oneOf']) as Loose[] | undefined;
  if (choice !== undefined) return sample(choice[0]!);
  switch (schema['type']) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Record<string, Loose>;
      const required = (schema['required'] ?? []) as string[];
      const names =
        required.length > 0 ? required : Object.keys(properties).slice(0, Number(schema['minProperties'] ?? 0));
      return Object.fromEntries(names.map((name) => [name, sample(properties[name]!)]));
    }
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => sample(schema['items'] as Loose));
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textOf(schema);
  }
};

const textOf = ({ format, minLength }: Loose): string => {
  switch (format) {
    case 'uuid':
      return uuidv7();
    case 'day':
    case 'date':
      return '2026-05-04';
    case 'instant':
    case 'date-time':
      return '2026-05-04T08:00:00.000Z';
    case 'email':
      return 'somebody@example.com';
    default:
      return 'x'.repeat(Number(minLength ?? 1));
  }
};
