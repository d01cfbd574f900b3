import { DataTypes } from 'sequelize';
import type {
  AbstractDataType,
  AbstractDataTypeConstructor,
  DataType,
  Model,
  ModelAttributes,
  ModelStatic,
  Sequelize,
} from 'sequelize';
import { snake, valueSchema } from '../schema/entity.ts';
import type { AnyEntity } from '../schema/entity.ts';

const textType = (format: string | undefined): AbstractDataTypeConstructor | AbstractDataType => {
  if (format === 'uuid') return DataTypes.UUID;
  if (format === 'date') return DataTypes.DATEONLY;
  return format === 'date-time' ? DataTypes.DATE(3) : DataTypes.TEXT;
};

const dataType = (schema: object): DataType => {
  const { type, format, items } = valueSchema(schema);
  switch (type) {
    case 'string':
      return textType(format);
    case 'integer':
      return DataTypes.BIGINT;
    case 'number':
      return DataTypes.DOUBLE;
    case 'boolean':
      return DataTypes.BOOLEAN;
    case 'array':
      return items !== undefined && valueSchema(items).type === 'string'
        ? DataTypes.ARRAY(textType(valueSchema(items).format))
        : DataTypes.JSONB;
    default:
      return DataTypes.JSONB;
  }
};

/**
 * The Sequelize model of an entity. Keys are (company_id, id); times and versions are set by the repository, so that
 * every statement carries plain values.
 */
export const defineModel = (
  sequelize: Sequelize,
  { table, columns }: Pick<AnyEntity, 'table' | 'columns'>,
): ModelStatic<Model> => {
  const own = Object.entries(columns).map(([name, schema]) => [name, { type: dataType(schema), field: snake(name) }]);
  const attributes: ModelAttributes = {
    companyId: { type: DataTypes.UUID, field: 'company_id', primaryKey: true },
    ...Object.fromEntries(own),
    id: { type: DataTypes.UUID, primaryKey: true },
    createdBy: { type: DataTypes.UUID, field: 'created_by' },
    updatedBy: { type: DataTypes.UUID, field: 'updated_by' },
    deletedAt: { type: DataTypes.DATE(3), field: 'deleted_at' },
  };
  return sequelize.define(table, attributes, { tableName: table, timestamps: false });
};
