/** The harness of the family: tables of expansions and what they give. Used by tests beside the code and by examples of definitions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { ExpansionExample } from '../core/define/operator.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import type { Text } from '../core/text.ts';
import { fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import { createExpander, type Expander } from './expander.ts';

export interface ExpandBench {
  readonly expander: Expander;
  readonly frame: Frame;
  expand(source: Octets, overrides?: Partial<Frame>): Promise<Outcome<Text>>;
}

/** An engine with a frame of fakes whose configuration compiles with it. */
export function expandBench(family: ExpansionFamily, overrides: Partial<Frame> = {}): ExpandBench {
  const expander = createExpander(family);
  const compiler = { template: expander.template };
  const config = overrides.config ?? testConfig({ compiler, compile: expander.runtime });
  const frame = testFrame({ services: fakeServices(), ...overrides, config });
  return {
    expander,
    frame,
    expand: async (source, more) => expander.runtime(source, 'test').evaluate({ ...frame, ...more }),
  };
}

/** One test for each line of the table. */
export function expandCases(bench: ExpandBench, cases: readonly ExpansionExample[]): void {
  for (const [source, expected] of cases)
    test(source, async () => assert.deepEqual(simplified(await bench.expand(source)), expectation(expected)));
}

type Simple = { readonly kind: string; readonly text?: Octets };

export function simplified(outcome: Outcome<Text>): Simple {
  if (outcome.kind === 'ok') return { kind: 'ok', text: outcome.value.octets };
  return outcome.kind === 'forced-fail' ? { kind: 'forced-fail' } : { kind: outcome.kind, text: outcome.message };
}

function expectation(expected: ExpansionExample[1]): Simple {
  if (typeof expected === 'string') return { kind: 'ok', text: expected };
  return expected.kind === 'fail' ? { kind: 'fail', text: expected.message } : { kind: 'forced-fail' };
}
