/** SQL on SQLite files. */
import type { Octets } from '../../base/octets.ts';
import type { LookupFound } from '../../core/define/lookup.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import type { Frame } from '../../core/frame.ts';
import { mailOf } from '../../core/frame.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, fail, ok } from '../../core/outcome.ts';
import { isStrictTaint, isUsablePath } from '../../core/taint.ts';
import type { Text } from '../../core/text.ts';
import { sliceText, untainted } from '../../core/text.ts';
import { SqliteThread } from '../../system/sqlite-thread.ts';
import { doubleSingleQuotes } from '../quoting.ts';
import { formatRow } from '../sql-result.ts';

export default defineLookup({
  name: 'sqlite',
  summary: 'Obeys an SQL query in an SQLite file: `sqlite_dbfile`, option `file=`, or an absolute name before the query.',
  spec: 'ch. 9 "More about SQLite"',
  isQueryStyle: true,
  isFile: false,
  optionNames: ['file'],
  isResultTainted: false,
  quote: doubleSingleQuotes,
  open: () => {
    const thread = new SqliteThread();
    return ok({
      find: (key, options, frame) => chainOk(chooseFile(key, options, frame), ({ file, sql }) => obey(thread, file, sql, frame)),
      close: () => thread.close(),
    });
  },
});

const noFile: Outcome<never> = { kind: 'fail', message: 'absolute file name expected for "sqlite" lookup' };

interface Chosen {
  readonly file: Text;
  readonly sql: Octets;
}

function chooseFile(key: Text, options: ReadonlyMap<string, Octets>, frame: Frame): MaybePromise<Outcome<Chosen>> {
  const given = options.get('file');
  if (given !== undefined) return checkFile({ file: untainted(given), sql: key.octets }, frame);
  const before = /^(\/[^ \t\n]+)[ \t\n]+/.exec(key.octets);
  if (before) return checkFile({ file: sliceText(key, 0, before[1]?.length ?? 0), sql: key.octets.slice(before[0].length) }, frame);
  const option = frame.config.main.sqlite_dbfile;
  return option ? chainOk(option.evaluate(frame), (file) => checkFile({ file, sql: key.octets }, frame)) : noFile;
}

function checkFile(chosen: Chosen, frame: Frame): Outcome<Chosen> {
  if (!chosen.file.octets.startsWith('/')) return noFile;
  if (isUsablePath(chosen.file, frame.config)) return ok(chosen);
  const message = `Tainted filename for search: '${chosen.file.octets}'`;
  frame.services.log.panic(message, mailOf(frame)?.id);
  return isStrictTaint(frame.config) ? fail(message) : defer(message);
}

async function obey(thread: SqliteThread, file: Text, sql: Octets, frame: Frame): Promise<Outcome<LookupFound>> {
  const result = await thread.query(file.octets, sql, frame.config.main.sqlite_lock_timeout * 1000, frame.until);
  if (result.kind === 'timeout') return defer('sqlite: timeout');
  if (result.kind === 'error') return defer(`sqlite: ${result.message}`);
  if (result.rows.length === 0) return ok({ kind: 'not-found' });
  const lines = result.rows.map(({ columns, values }) =>
    formatRow(
      columns,
      values.map((value) => value ?? '<NULL>'),
    ),
  );
  return ok({ kind: 'found', value: untainted(lines.join('\n')) });
}
