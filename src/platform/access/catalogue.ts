import type { Client } from './principal.ts';

/**
 * What a permission is about, which decides what a grant or a deny within a department or project does:
 * `rows`: people or rows of people; its handlers keep to the allowance.
 * `everybody`: what has no place in the company, one's own things or a list that all who work there need to read. A grant in
 * any scope opens it; a deny in a scope ends what is granted in that same one only.
 * `company`: the company as a whole. Held by a grant for the whole company alone, and not at all where any scope denies it.
 */
export const ABOUTS = ['rows', 'everybody', 'company'] as const;
export type About = (typeof ABOUTS)[number];

/** Through which clients a permission opens anything at all; one that nothing asks for is not in it. */
export type Openings = ReadonlyMap<string, ReadonlySet<Client>>;

/** Permissions, `area:resource:action`, with what each is about. */
export type Catalogue = Readonly<Record<string, About>>;
