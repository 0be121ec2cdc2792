/** Scripts of the suite remove hints databases as the files that they are in Exim: an empty file stands for each, and what has lost its file is forgotten. */
import type { Octets } from '../../src/base/octets.ts';
import type { Files, Hints } from '../../src/core/index.ts';

export function withFiles(hints: Hints, files: Files, spoolDirectory: () => Octets): Hints {
  const pathOf = (database: string) => `${spoolDirectory()}/db/${database}`;
  const checked = (database: string): Hints => {
    if (files.stat(pathOf(database)).kind !== 'ok') for (const key of hints.keys(database)) hints.delete(database, key);
    return hints;
  };
  const make = (database: string): void => {
    const made = files.open(pathOf(database), 'create-exclusive', 0o640);
    if (made.kind === 'ok') made.value.close();
  };
  return {
    get: (database, key) => checked(database).get(database, key),
    put: (database, key, value) => {
      checked(database).put(database, key, value);
      make(database);
    },
    replace: (database, key, known, value) => {
      const isReplaced = checked(database).replace(database, key, known, value);
      make(database);
      return isReplaced;
    },
    delete: (database, key) => hints.delete(database, key),
    forget: (database, keys) => hints.forget(database, keys),
    keys: (database) => checked(database).keys(database),
    close: () => hints.close(),
  };
}
