let last: Promise<unknown> = Promise.resolve();

/**
 * Loads a driver when it is needed, after those that others began to load: Node refuses a module that two `import()`s reach at
 * once when one of them requires it ("not yet fully loaded"), and the drivers share parts.
 */
export const loadInTurn = <T>(load: () => Promise<T>): Promise<T> => {
  const loaded = last.then(load);
  last = loaded.catch(() => undefined);
  return loaded;
};
