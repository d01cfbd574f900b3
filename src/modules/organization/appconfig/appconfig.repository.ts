import Type from 'typebox';
import { entity, line } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

/** A value that a company set itself; what it left alone has no row. */
export const CompanySetting = entity({
  table: 'company_setting',
  fields: { key: line(100), value: Type.Unknown() },
  create: [],
  edit: [],
});
export type CompanySettingRow = RowOf<typeof CompanySetting>;

export type StoredSetting = Pick<CompanySettingRow, 'id' | 'key' | 'value' | 'version'>;

/** Everything that the company of `reader` set itself. */
export const storedSettings = (reader: Reader): Promise<StoredSetting[]> =>
  reader.prepared('select id, key, value, version from company_setting where company_id = $1 and deleted_at is null', [
    reader.companyId,
  ]);
