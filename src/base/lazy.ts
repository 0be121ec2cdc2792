/** Values that cost something to make (a class to load, a table to fill) and are not always needed. */

/** What `make` gives when it is asked for first, and then the same. */
export function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
