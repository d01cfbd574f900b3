import type { Tx } from './database.ts';
import type { Scope } from './scope.ts';

/**
 * Does `work` for another company (or the operator) inside the same transaction, for writes that must not come apart: a
 * session that moves between companies, a person and their profile. Afterwards the transaction is back where it was. What
 * `work` throws ends the unit of work: do not catch it.
 */
export const inCompany = async <T>(tx: Tx, scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> => {
  await tx.query('select app.enter_job($1)', [scope.companyId]);
  const result = await work({ ...tx, companyId: scope.companyId, scope });
  await tx.query('select app.enter_job($1)', [tx.companyId]);
  return result;
};
