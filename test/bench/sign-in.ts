import { runChild } from './child.ts';
import { against, figure, rate } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/**
 * Sign-ins by password at the development issuer, from the request to the session's row and both tokens, eight at once; the
 * hash of the password, which is the issuer's and cheaper than Keycloak's, beside it.
 */
export const signIn = async ({ database, companyId, rounds }: Place): Promise<Row[]> => {
  const { told } = await runChild('sign-in.child', {
    BENCH_DATABASE: database,
    BENCH_COMPANY: companyId,
    BENCH_ROUNDS: String(rounds),
  });
  const [whole, hashes] = [told['whole']!, told['hashes']!];
  const baseline = against('the password’s hash alone', hashes, '/s');
  const shares = whole.map((each, round) => (100 * each) / hashes[round]!);
  return [
    rate({ work: 'sign-in by password, 8 at once', baseline, unit: 'sign-ins/s' }, whole, hashes, 0.25),
    figure({ work: 'part of its time that is the hash', baseline: '–', unit: '%' }, shares),
  ];
};
