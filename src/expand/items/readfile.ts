/** `${readfile{path}{eol}}`. Spec ch. 11 "Expansion items". */
import { octetsFromBytes } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { defer, fail } from '../../core/outcome.ts';
import { isUsablePath } from '../../core/taint.ts';
import { emptyText, untainted } from '../../core/text.ts';
import { eager } from '../branches.ts';

/** More is no text to put into a string. */
const MAX_FILE = 16 << 20;

export default defineItem({
  name: 'readfile',
  summary: 'The contents of a file; the second string, when given, replaces its newlines.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${readfile{/no/such/file}}', { kind: 'fail', message: 'failed to open /no/such/file: No such file or directory' }]],
  mentions: { string: 0, kind: 'file' },
  arguments: [{ kind: 'strings', min: 1, max: 2 }],
  compile: eager(async ([path = emptyText, eol], frame) => {
    if (!isUsablePath(path, frame.config)) {
      frame.services.log.panic(`Tainted filename '${path.octets}'`);
      const { machine } = frame.services;
      const who = `euid=${machine.effectiveUid()} egid=${machine.effectiveGid()}`;
      return fail(`failed to open ${path.octets}: Permission denied (${who})`);
    }
    const file = await frame.services.files.readFileAsync(path.octets, MAX_FILE);
    // Exim opens a directory and reads nothing
    if (file.kind !== 'ok' && file.errno === 'EISDIR') return emptyText;
    if (file.kind !== 'ok')
      return file.errno === 'EFBIG'
        ? defer(`${path.octets} is too large to be read into a string`)
        : fail(`failed to open ${path.octets}: ${file.reason}`);
    const text = octetsFromBytes(file.value);
    return untainted(eol === undefined ? text : text.replaceAll('\n', eol.octets));
  }),
});
