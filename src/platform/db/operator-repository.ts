import type { ChangeRecorder } from '../change/recorder.ts';
import { snake, valueSchema } from '../schema/entity.ts';
import type { AnyEntity, RowOf } from '../schema/entity.ts';
import { createRepositoryOver } from './repository.ts';
import type { Repository } from './repository.ts';

/** The driver writes arrays as PostgreSQL's: those of objects are JSON. */
const encode = (schema: object | undefined, value: unknown): unknown => {
  const items = schema === undefined ? undefined : valueSchema(schema).items;
  return Array.isArray(value) && items !== undefined && valueSchema(items).type === 'object'
    ? JSON.stringify(value)
    : value;
};

/**
 * The repository of an entity of the operator: a table without a company, written in transactions of the operator's
 * company, whose change log keeps what was done.
 */
export const createOperatorRepository = <E extends AnyEntity>(
  entity: E,
  changes: ChangeRecorder,
): Repository<RowOf<E>> => {
  const encoded = (values: object): unknown[] =>
    Object.entries(values).map(([name, value]) => encode(entity.columns[name], value));
  return createRepositoryOver(
    entity,
    {
      where: 'id = $1',
      place: (_reader, id) => [id],
      insert: async (tx, row) => {
        const names = Object.keys(row);
        await tx.prepared(
          `insert into ${entity.table} (${names.map(snake).join(', ')})
           values (${names.map((_name, index) => `$${index + 1}`).join(', ')})`,
          encoded(row),
        );
      },
      patch: async (tx, { id, version }, patch) => {
        const sets = Object.keys(patch).map((name, index) => `${snake(name)} = $${index + 3}`);
        const rows = await tx.prepared(
          `update ${entity.table} set ${sets.join(', ')} where id = $1 and version = $2 returning id`,
          [id, version, ...encoded(patch)],
        );
        return rows.length;
      },
    },
    changes,
  );
};
