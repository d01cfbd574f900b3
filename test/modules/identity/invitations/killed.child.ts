import { parseKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import type { Database } from '../../../../src/platform/db/database.ts';
import { fileStore } from '../../../../src/platform/identity-provider/dev-issuer/store.ts';
import type { IdentityProvider } from '../../../../src/platform/identity-provider/port.ts';
import { startApp } from '../../../support/app.ts';
import { openDatabase } from '../../../support/database.ts';

/** Where an acceptance stands still, to be killed there: the user was just made, or all is written and not yet committed. */
export type StandStill = 'made' | 'written';
export interface KilledOptions {
  readonly database: string;
  /** Where the issuer keeps its users. */
  readonly issuer: string;
  /** All rings of the test in one. */
  readonly keys: string;
  readonly password: string;
  /** Accepted one after the other; each stands still before the next begins. */
  readonly accepted: readonly { readonly token: string; readonly at: StandStill }[];
}

const { database, issuer, keys, password, accepted } = JSON.parse(process.argv[2]!) as KilledOptions;

/** Where the acceptance is that runs now. */
let reached: (here: StandStill) => Promise<void> = () => Promise.resolve();

const standing = (provider: IdentityProvider): IdentityProvider => ({
  ...provider,
  users: {
    ...provider.users,
    create: async (user) => {
      const made = await provider.users.create(user);
      await reached('made');
      return made;
    },
  },
});
const uncommitted = (db: Database): Database => ({
  ...db,
  write: (scope, work) =>
    db.write(scope, async (tx) => {
      const done = await work(tx);
      await reached('written');
      return done;
    }),
});

const ring = parseKeyRing(keys);
const app = await startApp({
  database: openDatabase(database),
  observed: false,
  issuer: fileStore(issuer),
  replace: ({ db, identityProvider }) => ({
    db: uncommitted(db),
    identityProvider: standing(identityProvider),
    keys: { data: ring, lookup: ring, signing: ring, chain: ring },
  }),
});
const accept = async (token: string): Promise<void> => {
  await app.http.post('/angelis/auth/invitation/accept').send({ token, password });
};
const answers: Promise<void>[] = [];
for (const { token, at } of accepted) {
  const stands = Promise.withResolvers<void>();
  let isMade = false;
  reached = async (here) => {
    isMade ||= here === 'made';
    if (!isMade || here !== at) return;
    stands.resolve();
    await new Promise(() => undefined);
  };
  answers.push(accept(token));
  await stands.promise;
}
process.stdout.write('.');
await Promise.all(answers);
