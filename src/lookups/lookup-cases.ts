/** The harness of lookup tests: a table of lookups on files in memory, and what they give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { LookupDefinition } from '../core/define/lookup.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import type { LookupAnswer } from '../core/ports.ts';
import { untainted } from '../core/text.ts';
import { createLookups } from './lookups.ts';

export interface LookupCase {
  readonly type: Octets;
  readonly file?: Octets;
  readonly key: Octets;
  /** The value; undefined: not found. */
  readonly found?: Octets | undefined;
  readonly captures?: readonly Octets[];
  readonly error?: string;
}

/** Looks up as `${lookup` would: type with decorations, file, key. */
export async function lookUp(frame: Frame, type: Octets, file: Octets | undefined, key: Octets): Promise<Outcome<LookupAnswer>> {
  const parsed = frame.services.lookups.parseType(type);
  if (parsed.kind === 'error') return { kind: 'fail', message: parsed.message };
  return frame.services.lookups.find(
    { type: parsed.type, file: file === undefined ? undefined : untainted(file), key: untainted(key) },
    frame,
  );
}

export function lookupCases(
  definitions: readonly LookupDefinition[],
  makeFrame: (lookups: Frame['services']['lookups']) => Frame,
  cases: readonly LookupCase[],
): void {
  for (const { type, file, key, found, captures, error } of cases) {
    test(`${type}{${file ?? ''}} for "${key}"`, async () => {
      const lookups = createLookups(definitions);
      const result = await lookUp(makeFrame(lookups), type, file, key);
      lookups.close();
      if (error !== undefined) {
        assert.ok(result.kind === 'fail' || result.kind === 'defer', `expected an error, got ${JSON.stringify(result)}`);
        assert.equal(result.message, error);
        return;
      }
      assert.equal(result.kind, 'ok', JSON.stringify(result));
      if (result.kind !== 'ok') return;
      assert.equal(result.value.kind === 'found' ? result.value.value.octets : undefined, found);
      if (captures && result.value.kind === 'found')
        assert.deepEqual(
          result.value.captures.map((text) => text.octets),
          captures,
        );
    });
  }
}
