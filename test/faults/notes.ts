const MOST_OF_A_KIND = 30;
/** Ids, days, numbers, links: what tells notes of one kind apart. */
const OWN = /\S*[\d/]\S*/gu;

/** Notes as they are printed: of each kind, told by its words, at most thirty, and how many there are else. */
export const shortened = (notes: readonly string[]): string[] =>
  [...Map.groupBy(notes, (note) => note.replace(OWN, '…'))].flatMap(([kind, all]) =>
    all.length > MOST_OF_A_KIND
      ? [...all.slice(0, MOST_OF_A_KIND), `… and ${all.length - MOST_OF_A_KIND} more: ${kind}`]
      : all,
  );
