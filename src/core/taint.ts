/**
 * What may be done with tainted text at a sink (DESIGN 3.3). In mode `contain` a remote party may choose a part of one path component;
 * in mode `strict` no tainted octet may reach a file name, as in Exim.
 */
import type { Octets } from '../base/octets.ts';
import type { Config } from './config.ts';
import type { Text } from './text.ts';
import { isTainted } from './text.ts';

export function isStrictTaint(config: Config): boolean {
  return config.main.taint_mode === 'strict';
}

/** Whether the text may be used as a file or directory name. The caller words the refusal. */
export function isUsablePath(path: Text, config: Config): boolean {
  return !isTainted(path) || (!isStrictTaint(config) && isContained(path));
}

/** No tainted span holds a slash or NUL, and no component that has a tainted octet is empty, `.` or `..`. */
function isContained(path: Text): boolean {
  const { octets } = path;
  return path.taint.every(({ from, to }) => {
    const part = octets.slice(from, to);
    return !part.includes('/') && !part.includes('\0') && !isSpecialName(componentAround(octets, from, to));
  });
}

function isSpecialName(name: Octets): boolean {
  return name === '' || name === '.' || name === '..';
}

function componentAround(octets: Octets, from: number, to: number): Octets {
  const end = octets.indexOf('/', to);
  return octets.slice(octets.lastIndexOf('/', from - 1) + 1, end < 0 ? octets.length : end);
}
