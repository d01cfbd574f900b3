import { createCrud, invalid } from '../../../platform/module.ts';
import type { Context, CrudParts, Tx } from '../../../platform/module.ts';
import { areFeatures, offeringsPage } from './offerings.repository.ts';
import type { OfferingRow } from './offerings.repository.ts';

const mustBeFeatures = async (tx: Tx, codes: readonly string[]): Promise<void> => {
  if (!(await areFeatures(tx, codes))) throw invalid('/features', 'UNKNOWN_REFERENCE');
};

/** Offerings: everybody reads them, the operator's staff keep them. One that is no longer offered stays for those who have it. */
export const createOfferingsService = (parts: CrudParts<OfferingRow>) => ({
  ...createCrud({
    ...parts,
    onCreate: (tx, { features }) => mustBeFeatures(tx, features),
    onEdit: (tx, _row, { features = [] }) => mustBeFeatures(tx, features),
  }),
  /** All of them, in the caller's language. */
  all: (context: Context): Promise<string> =>
    parts.work.read(context, (reader) => offeringsPage(reader, context.locale)),
});

export type Offerings = ReturnType<typeof createOfferingsService>;
