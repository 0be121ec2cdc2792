/**
 * `${dlfunc{module}{function}{argument}…}`: the module is JavaScript or TypeScript instead of a shared object. The function gets the arguments as an
 * array of strings, one char an octet. Spec ch. 11 "Expansion items"; DESIGN.md 3.13.
 */
import { hasOnlyOctets, type Octets, octetsFromText } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import type { Frame } from '../../core/frame.ts';
import { defer, fail, type NotOk } from '../../core/outcome.ts';
import { isUsablePath } from '../../core/taint.ts';
import { emptyText, type Text, untainted } from '../../core/text.ts';
import { eager } from '../branches.ts';

export default defineItem({
  name: 'dlfunc',
  summary:
    'What a function of a JavaScript or TypeScript module returns: a string; undefined or null is a forced failure, a thrown error a failure with its message, a thrown error with `defer: true` a deferral.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${dlfunc}', { kind: 'fail', message: "Not enough arguments for 'dlfunc' (min is 2)" }]],
  arguments: [{ kind: 'strings', min: 2, max: 10 }],
  compile: eager(async ([path = emptyText, name = emptyText, ...args], frame) => {
    if (!isUsablePath(path, frame.config)) return refuse(`Tainted filename '${path.octets}'`, frame);
    const loaded = await frame.services.modules.load(path.octets);
    if (loaded.kind === 'error') return refuse(`dlopen "${path.octets}" failed: ${path.octets}: ${loaded.reason}`, frame);
    const called = loaded.exports.get(name.octets);
    if (typeof called !== 'function')
      return refuse(`dlsym "${name.octets}" in "${path.octets}" failed: ${path.octets}: undefined symbol: ${name.octets}`, frame);
    const texts = args.map(({ octets }) => octets);
    try {
      return resultOf(await Reflect.apply(called, undefined, [texts]), name.octets);
    } catch (error) {
      return failureOf(error, frame);
    }
  }),
});

function refuse(message: Octets, frame: Frame): NotOk {
  frame.services.log.panic(message);
  return fail(message);
}

function resultOf(value: unknown, name: Octets): Text | NotOk {
  if (value === undefined || value === null) return { kind: 'forced-fail', message: '(no message)' };
  const text = String(value);
  return hasOnlyOctets(text) ? untainted(text) : fail(`${name} returned more than octets`);
}

/** What a function throws is its answer; only its author can say more. */
function failureOf(error: unknown, frame: Frame): NotOk {
  const octets = octetsFromText(error instanceof Error ? error.message : String(error));
  if (typeof error === 'object' && error !== null && 'defer' in error && error.defer === true) return defer(octets);
  frame.services.log.debug('expand', () => octets);
  return fail(octets);
}
