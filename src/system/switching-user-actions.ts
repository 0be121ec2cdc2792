/**
 * UserActions of a command line that is root and only looks (`-bt`, `-bv`, `-bh`, `-be`): each look is made synchronously with the user's effective ids,
 * which are given back before anything else runs. What delivers uses the agent's children instead (DESIGN 3.10).
 */

import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { DeliveryBatch, DeliveryResult } from '../core/drivers.ts';
import type { FileContent, FileFacts, Files, Identity, SystemResult, UserActions } from '../core/ports.ts';
import { deferAll, readRegularFile } from './direct-user-actions.ts';
import { asUser } from './own-ids.ts';

export class SwitchingUserActions implements UserActions {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  async stat(identity: Identity | undefined, path: Octets): Promise<SystemResult<FileFacts>> {
    return asUser(identity, () => this.#files.stat(path));
  }

  async lstat(identity: Identity | undefined, path: Octets): Promise<SystemResult<FileFacts>> {
    return asUser(identity, () => this.#files.lstat(path));
  }

  /** access(2) goes by the real uid, which stays: the bits are compared instead. */
  async access(identity: Identity | undefined, path: Octets, mode: 'read' | 'write' | 'execute'): Promise<SystemResult<void>> {
    return asUser(identity, () => {
      if (mode === 'execute') {
        const facts = this.#files.stat(path);
        if (facts.kind === 'error') return facts;
        return (facts.value.mode & 0o111) === 0
          ? { kind: 'error', errno: 'EACCES', reason: 'Permission denied' }
          : { kind: 'ok', value: undefined };
      }
      const opened = this.#files.open(path, mode === 'read' ? 'read' : 'read-write');
      if (opened.kind === 'error') return opened;
      opened.value.close();
      return { kind: 'ok', value: undefined };
    });
  }

  async readFile(identity: Identity | undefined, path: Octets, limitBytes: number, until: Deadline): Promise<SystemResult<FileContent>> {
    return asUser(identity, () => readRegularFile(this.#files, path, limitBytes, until));
  }

  deliver(_identity: Identity | undefined, batch: DeliveryBatch): Promise<readonly DeliveryResult[]> {
    return deferAll(batch, 'this process only looks');
  }
}
