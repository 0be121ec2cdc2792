/** Reading and looking at files as another user, as calls. */
import type { Deadline } from '../../core/deadline.ts';
import type { FileContent, FileFacts, Files, SystemResult } from '../../core/ports.ts';
import { readRegularFile } from '../../system/direct-user-actions.ts';
import type { IncomingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import type { Fields } from '../channel/values.ts';

export type FileRequest =
  | { readonly op: 'stat' | 'lstat'; readonly path: string }
  | { readonly op: 'access'; readonly path: string; readonly mode: 'read' | 'write' | 'execute' }
  | { readonly op: 'read'; readonly path: string; readonly limitBytes: number };

/** Contents travel in the reply: they must fit with all their octets escaped. */
export const readLimitBytes = 2 << 20;

export function decodeFileRequest(fields: Fields): FileRequest | undefined {
  const op = fields.string('op');
  switch (op) {
    case 'stat':
    case 'lstat':
      return { op, path: fields.string('path') };
    case 'access':
      return { op, path: fields.string('path'), mode: accessMode(fields.string('mode')) };
    case 'read':
      return { op, path: fields.string('path'), limitBytes: Math.min(fields.number('limitBytes'), readLimitBytes) };
    default:
      return undefined;
  }
}

export function serveFile(call: IncomingCall, request: FileRequest, files: Files): void {
  call.reply(lookAt(request, files, { endMs: Number.POSITIVE_INFINITY, signal: call.signal }));
}

function lookAt(request: FileRequest, files: Files, until: Deadline): SystemResult<unknown> {
  switch (request.op) {
    case 'stat':
      return files.stat(request.path);
    case 'lstat':
      return files.lstat(request.path);
    case 'access':
      return files.access(request.path, request.mode);
    case 'read':
      return readRegularFile(files, request.path, request.limitBytes, until);
  }
}

export function decodeFacts(fields: Fields): FileFacts {
  return readFacts(fields.fields('value'));
}

export function decodeContent(fields: Fields): FileContent {
  const value = fields.fields('value');
  return { bytes: value.bytes('bytes'), facts: readFacts(value.fields('facts')) };
}

export function decodeNothing(): void {}

function readFacts(fields: Fields): FileFacts {
  return {
    type: fileType(fields.string('type')),
    mode: fields.number('mode'),
    uid: fields.number('uid'),
    gid: fields.number('gid'),
    sizeBytes: fields.number('sizeBytes'),
    links: fields.number('links'),
    device: integer(fields, 'device'),
    inode: integer(fields, 'inode'),
    atimeMs: fields.number('atimeMs'),
    mtimeMs: fields.number('mtimeMs'),
    mtimeNs: integer(fields, 'mtimeNs'),
    ctimeNs: integer(fields, 'ctimeNs'),
  };
}

function integer(fields: Fields, name: string): bigint {
  const value = fields.get(name);
  if (typeof value !== 'bigint') throw new ProtocolError(`${name}: not an integer`);
  return value;
}

function accessMode(text: string): 'read' | 'write' | 'execute' {
  if (text === 'read' || text === 'write' || text === 'execute') return text;
  throw new ProtocolError('mode: unknown');
}

function fileType(text: string): FileFacts['type'] {
  switch (text) {
    case 'file':
    case 'directory':
    case 'symlink':
    case 'fifo':
    case 'socket':
    case 'character':
    case 'block':
      return text;
    default:
      throw new ProtocolError('type: unknown');
  }
}
