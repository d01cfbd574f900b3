import type { Reader } from '../platform/db/database.ts';
import type { Context } from '../platform/http/context.ts';
import type { Action } from '../platform/lifecycle/mover.ts';

/** What the caller may do now with a row about one of these people, all of whom they see. */
export type ActionsOf = (
  reader: Reader,
  context: Context,
  profileIds: readonly string[],
) => Promise<(profileId: string, row: object) => Action[]>;
