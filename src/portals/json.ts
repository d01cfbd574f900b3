/** SQL of an instant as answers show it. */
export const iso = (expression: string): string => `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** SQL of an object with these members (`name: sql`). */
export const object = (members: Readonly<Record<string, string>>): string =>
  `json_build_object(${Object.entries(members)
    .map(([name, sql]) => `'${name}', ${sql}`)
    .join(', ')})`;

/** SQL of the rows of a subquery `from …` as a list, empty when there are none. */
export const listOf = (item: string, rest: string, order: string): string =>
  `coalesce((select json_agg(${item} order by ${order}) ${rest}), '[]'::json)`;
