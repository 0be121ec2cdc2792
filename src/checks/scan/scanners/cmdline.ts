/** Any scanner with a command line, which a shell runs; `%s` is the directory with the message. Spec ch. 45 "Scanning for viruses". */
import { octetsFromBytes, trimEnd } from '../../../base/octets.ts';
import { ScanFailure, type Scanner, TIMED_OUT } from '../scanner.ts';
import { compileExpression, findName } from './output.ts';

/** A scanner that says more has said enough. */
const MAX_OUTPUT_BYTES = 1 << 20;

export const cmdline: Scanner = {
  name: 'cmdline',
  scan: async ([command = '', trigger, name], { directory, frame, until }) => {
    if (command === '') throw new ScanFailure('', 'missing commandline specification');
    const expressions = {
      trigger: compileExpression('trigger', trigger, frame),
      name: compileExpression('virus name regex', name, frame),
    };
    // the directory is ours: `<spool_directory>/scan/<id>`
    const line = `${command.replaceAll('%s', () => directory)} 2>&1`;
    const { spawner, clock, environment, files } = frame.services;
    const { spoolDirectory } = frame.config.startup;
    const timeoutMs = Math.max(1, until.endMs - clock.monotonicMs());
    const request = {
      argv: ['/bin/sh', '-c', line],
      environment,
      directory: files.access(spoolDirectory, 'execute').kind === 'ok' ? spoolDirectory : '/',
      umask: 0o77,
      timeoutMs,
      maxOutputBytes: MAX_OUTPUT_BYTES,
    };
    const ran = await spawner.run(request, new Uint8Array(0), until);
    if (ran.kind === 'error') throw new ScanFailure('', `call (${line}) failed: ${ran.reason}.`);
    const { result } = ran;
    if (result.isTimeout) throw new ScanFailure('', `unable to read from scanner (${line}): ${TIMED_OUT}`);
    const lines = octetsFromBytes(result.stdout).split('\n').map(trimEnd);
    const code = result.status === undefined ? (result.signal ?? 1) : result.status << 8;
    if (code !== 0) throw new ScanFailure('', `scanner returned error code: ${code}`);
    return findName(lines, expressions);
  },
};
