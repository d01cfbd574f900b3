/**
 * Runs `work` on every item, at most `most` at once, begun in their order; items are asked for as they are needed. After an
 * error, of the items too, none is begun any more; it is thrown once what runs has ended.
 */
export const inParallel = async <T>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const errors: unknown[] = [];
  const left = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    while (errors.length === 0)
      try {
        const next = await left.next();
        if (next.done) return;
        if (errors.length === 0) await work(next.value);
      } catch (error) {
        errors.push(error);
      }
  };
  await Promise.all(Array.from({ length: most }, lane));
  if (errors.length > 0) throw errors[0];
};
