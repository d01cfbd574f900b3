import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import { formatRut, parseRut } from '../../../platform/text/rut.ts';
import type { RutProblem } from '../../../platform/text/rut.ts';
import type { Context, Reader } from '../../../platform/module.ts';
import type { NationalId, NationalIds } from '../profiles/national-id.ts';

interface CommonDependencies {
  readonly work: UnitOfWork;
  readonly rates: RateLimits;
  readonly nationalIds: Pick<NationalIds, 'isFree'>;
  readonly hasContactEmail: (reader: Reader, address: string) => Promise<boolean>;
}

export type RutVerdict =
  | { readonly valid: true; readonly formatted: string; readonly problem: null }
  | { readonly valid: false; readonly formatted: null; readonly problem: RutProblem };

/** Questions that forms ask before they are sent. What is free is answered for the caller's own company only. */
export const createCommonService = ({ work, rates, nationalIds, hasContactEmail }: CommonDependencies) => {
  /** Whoever asks much is looking for people: 30 questions a minute. */
  const count = async ({ principal }: Context): Promise<void> => {
    await rates.count('lookup', principal.personId);
  };
  return {
    checkRut: (written: string): RutVerdict => {
      const result = parseRut(written);
      return result.ok
        ? { valid: true, formatted: formatRut(result.rut.value), problem: null }
        : { valid: false, formatted: null, problem: result.problem };
    },
    isNationalIdFree: async (context: Context, id: NationalId): Promise<boolean> => {
      await count(context);
      return work.read(context, (reader) => nationalIds.isFree(reader, id));
    },
    isEmailFree: async (context: Context, address: string): Promise<boolean> => {
      await count(context);
      return work.read(context, async (reader) => !(await hasContactEmail(reader, address)));
    },
  };
};

export type Common = ReturnType<typeof createCommonService>;
