import type { JobDefinition } from './definitions.ts';

export interface Lane {
  readonly name: string;
  readonly concurrency: number;
}

/** All jobs of this process, and the lane that each runs in. */
export interface JobRegistry {
  readonly names: readonly string[];
  readonly lanes: readonly Lane[];
  find(name: string): JobDefinition | undefined;
  laneOf(name: string): string;
}

const COMMON: Lane = { name: 'common', concurrency: 8 };

/** Throws on two jobs of one name. */
export const createRegistry = (definitions: readonly JobDefinition[]): JobRegistry => {
  const jobs = new Map<string, JobDefinition>();
  for (const definition of definitions) {
    if (jobs.has(definition.name)) throw new Error(`two jobs are named ${definition.name}`);
    jobs.set(definition.name, definition);
  }
  const own = definitions.flatMap(({ name, concurrency }) =>
    concurrency === undefined ? [] : [{ name, concurrency }],
  );
  return {
    names: [...jobs.keys()],
    lanes: [COMMON, ...own],
    find: (name) => jobs.get(name),
    laneOf: (name) => (jobs.get(name)?.concurrency === undefined ? COMMON.name : name),
  };
};
