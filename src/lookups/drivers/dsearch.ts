/** Looks for a name in a directory; the result is the name, which is untainted by that. */
import type { Octets } from '../../base/octets.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { defer, fail, ok } from '../../core/outcome.ts';
import type { FileFacts } from '../../core/ports.ts';
import { untainted } from '../../core/text.ts';
import { openFailure } from '../lsearch-file.ts';

export default defineLookup({
  name: 'dsearch',
  summary:
    'Looks for an entry of that name in a directory; `ret=full` gives its path, `filter=file|dir|subdir` says which kind counts, `key=path` allows names below subdirectories.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  optionNames: ['ret', 'filter', 'key'],
  isResultTainted: false,
  open: (directory, frame) => {
    const facts = frame.services.files.stat(directory);
    if (facts.kind !== 'ok') return fail(openFailure(directory, 'directory search', facts.errno, facts.reason, frame));
    if (facts.value.type !== 'directory') return fail(openFailure(directory, 'directory search', 'ENOTDIR', 'Not a directory', frame));
    return ok({
      find: (key, options, { services }) => {
        const name = key.octets;
        if (options.get('key') === 'path') {
          if (leavesDirectory(name)) return ok({ kind: 'not-found' });
        } else if (name.includes('/')) return defer(`key for dsearch lookup contains a slash: ${name}`);
        const entry = name.includes('\0') ? undefined : services.files.lstat(`${directory}/${name}`);
        if (!entry) return ok({ kind: 'not-found' });
        if (entry.kind !== 'ok') {
          const isAbsent = entry.errno === 'ENOENT' || entry.errno === 'ENOTDIR';
          return isAbsent ? ok({ kind: 'not-found' }) : defer(`${directory}/${name}: lstat: ${entry.reason}`);
        }
        if (!passesFilter(options.get('filter'), name, entry.value.type)) return ok({ kind: 'not-found' });
        return ok({ kind: 'found', value: untainted(options.get('ret') === 'full' ? `${directory}/${name}` : name) });
      },
      close: () => undefined,
    });
  },
});

/** A component `..` is not looked for, wherever it would lead. */
function leavesDirectory(path: Octets): boolean {
  return path.split('/').includes('..');
}

function passesFilter(filter: Octets | undefined, name: Octets, type: FileFacts['type']): boolean {
  if (filter === 'file') return type === 'file';
  if (filter === 'dir') return type === 'directory';
  if (filter === 'subdir') return type === 'directory' && name !== '.' && name !== '..';
  return true;
}
