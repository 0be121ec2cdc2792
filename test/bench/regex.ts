/** Regular expressions: aims are 0.4 µs for a short subject with its captures, and milliseconds for a hostile pattern. */
import { bench, do_not_optimize, run } from 'mitata';
import { invariant } from '../../src/base/invariant.ts';
import { RegexEngine } from '../../src/system/regex.ts';

const engine = new RegexEngine();

function compile(source: string, caseless = false) {
  const result = engine.compile(source, { caseless });
  invariant(result.kind === 'ok', `${source} compiles`);
  return result.regex;
}

const address = compile('^([^@]+)@(.+)$');
const body = compile('\\b(viagra|cialis|casino)\\b', true);
const hostile = compile('^(a+)+$');
const addresses = ['user@example.com', 'other@example.org'];
const text = 'lorem ipsum dolor sit amet '.repeat(190);
const hostileText = `${'a'.repeat(50)}b`;

bench('short, two captures', function* () {
  let turn = 0;
  yield () => do_not_optimize(address.match(addresses[turn++ & 1] ?? ''));
});
bench('short, no match', () => do_not_optimize(address.match('example.com')));
bench('5 KiB, caseless, no match', () => do_not_optimize(body.match(text)));
bench('pattern from the cache', () => do_not_optimize(engine.compile('^([^@]+)@(.+)$')));
bench('hostile, ends by the limit', () => do_not_optimize(hostile.match(hostileText)));

await run();
