/** The harness of list tests: a table of lists, subjects and what comes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ListMatch, Lists } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { untainted } from '../core/text.ts';

/** `yes` and `no`, or a defer with its message. */
export interface ListCase {
  readonly list: Octets;
  readonly subject: Octets;
  readonly result: 'yes' | 'no' | { readonly defer: string };
  readonly data?: Octets;
  readonly captures?: readonly Octets[];
  /** Lines of the panic log. */
  readonly panic?: readonly string[];
}

export type ListTest = (lists: Lists, list: Text, subject: Text, frame: Frame) => MaybePromise<Outcome<ListMatch>>;

export function listCases(
  title: string,
  run: ListTest,
  makeFrame: () => { readonly frame: Frame; readonly panicLines: () => readonly Octets[] },
  cases: readonly ListCase[],
): void {
  for (const { list, subject, result, data, captures, panic } of cases) {
    test(`${title} "${list}" for "${subject}"`, async () => {
      const { frame, panicLines } = makeFrame();
      const outcome = await run(frame.services.lists, untainted(list), untainted(subject), frame);
      assert.deepEqual(
        outcome.kind === 'ok' ? (outcome.value.matched ? 'yes' : 'no') : { [outcome.kind]: 'message' in outcome ? outcome.message : '' },
        result,
      );
      const match = outcome.kind === 'ok' ? outcome.value : undefined;
      if (data !== undefined) assert.equal(match?.data?.octets, data);
      if (captures)
        assert.deepEqual(
          match?.captures?.map((text) => text.octets),
          captures,
        );
      assert.deepEqual(panicLines(), panic ?? []);
    });
  }
}
