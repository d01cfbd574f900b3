/**
 * Runs `work` on every item, at most `most` at once, begun in their order. After an error none is begun any more; it is thrown
 * once what runs has ended.
 */
export const inParallel = async <T>(
  items: Iterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const errors: unknown[] = [];
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = left.next(); !next.done && errors.length === 0; next = left.next())
      try {
        await work(next.value);
      } catch (error) {
        errors.push(error);
      }
  };
  await Promise.all(Array.from({ length: most }, lane));
  if (errors.length > 0) throw errors[0];
};
