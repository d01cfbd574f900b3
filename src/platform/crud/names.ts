const camel = (kebab: string): string =>
  kebab.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

const words = (kebab: string): string => kebab.replaceAll('-', ' ');

const pluralOf = (noun: string): string => {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
};

/** `a site`, `an assignment`; what has no plural of its own (`leave`) takes no article. */
const withArticle = (noun: string, plural: string): string => {
  if (noun === plural) return noun;
  return `${/^(?:[aeio]|u(?!ni|se))/.test(noun) ? 'an' : 'a'} ${noun}`;
};

/** How an entity is called wherever people or programs read its name. */
export interface Names {
  /** Many of them, kebab-case: the module. `vehicle-passes` */
  readonly module: string;
  /** In operation ids: `VehiclePass`, `VehiclePasses`. */
  readonly One: string;
  readonly Many: string;
  /** In sentences: `a vehicle pass`, `vehicle passes`. */
  readonly one: string;
  readonly many: string;
}

/** All names of an entity from one word, kebab-case: `vehicle-pass`. `plural` where English does not follow the rule. */
export const namesOf = (noun: string, plural: string = pluralOf(noun)): Names => ({
  module: plural,
  One: camel(noun),
  Many: camel(plural),
  one: withArticle(words(noun), words(plural)),
  many: words(plural),
});
