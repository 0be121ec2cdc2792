/** `bounce_message_file` and `warn_message_file`: texts separated by lines of four asterisks. Spec ch. 50. */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import type { Frame, Template } from '../core/index.ts';
import { isUsablePath } from '../core/taint.ts';

const LIMIT_BYTES = 1024 * 1024;

/** The items in order; none when there is no such file (which is logged). */
export async function readTemplateFile(
  option: Template | undefined,
  name: 'bounce_message_file' | 'warn_message_file',
  frame: Frame,
): Promise<readonly Octets[]> {
  if (option === undefined) return [];
  const { log, files } = frame.services;
  const path = await option.evaluate(frame);
  if (path.kind !== 'ok' || path.value.octets === '') {
    if (path.kind !== 'forced-fail') log.panic(`Failed to expand ${name}: '${option.source}'`, frame.message?.id);
    return [];
  }
  if (!path.value.octets.startsWith('/')) {
    log.panic(`${name} is not absolute after expansion: '${path.value.octets}'`, frame.message?.id);
    return [];
  }
  if (!isUsablePath(path.value, frame.config)) {
    log.panic(`${name} is not untainted after expansion: '${path.value.octets}'`, frame.message?.id);
    return [];
  }
  const read = files.readFile(path.value.octets, LIMIT_BYTES);
  if (read.kind === 'error') {
    log.panic(
      `Failed to open ${path.value.octets} for ${name === 'bounce_message_file' ? 'error' : 'warning'} message texts: ${read.reason}`,
      frame.message?.id,
    );
    return [];
  }
  return octetsFromBytes(read.value).split(/^\*\*\*\*\n/m);
}
