/** Keys of wildlsearch files: `*suffix`, `^regex`, a nested lookup, or a literal. Spec ch. 9 "Single-key lookup types", wildlsearch. */
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, lowerCase } from '../base/octets.ts';
import type { LookupHandle } from '../core/define/lookup.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chainEach, chainOk } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { Text } from '../core/text.ts';
import { untainted } from '../core/text.ts';
import { dataAt, fullEntry, keyLines } from './lsearch-file.ts';

/** What a key is before it is compared: expanded (wildlsearch) or as it stands. */
export type PrepareKey = (key: Octets, frame: Frame) => MaybePromise<Outcome<Octets>>;

export function wildcardHandle(text: Octets, prepare: PrepareKey): LookupHandle {
  const lines = [...keyLines(text)];
  return {
    find: (subject, options, frame) => {
      const found = chainEach(lines, (line) => {
        const matched = chainOk(prepare(line.key, frame), (pattern) => matchKey(pattern, subject, frame));
        const take = (outcome: Outcome<boolean>) => {
          if (outcome.kind === 'forced-fail') return undefined; // as for a list: this key does not match
          if (outcome.kind !== 'ok') return outcome;
          if (!outcome.value) return undefined;
          return ok({
            kind: 'found' as const,
            value: untainted(options.get('ret') === 'full' ? fullEntry(text, line) : dataAt(text, line.restFrom)),
          });
        };
        return matched instanceof Promise ? matched.then(take) : take(matched);
      });
      const orMissed = (outcome: Awaited<typeof found>) => outcome ?? ok({ kind: 'not-found' as const });
      return found instanceof Promise ? found.then(orMissed) : orMissed(found);
    },
    close: () => undefined,
  };
}

function matchKey(pattern: Octets, subject: Text, frame: Frame): MaybePromise<Outcome<boolean>> {
  if (pattern.startsWith('^')) return matchRegex(pattern, subject.octets, frame);
  if (pattern.startsWith('*')) return ok(lowerCase(subject.octets).endsWith(lowerCase(pattern.slice(1))));
  const semicolon = pattern.indexOf(';');
  if (semicolon > 0) return matchNested(pattern, semicolon, subject, frame) ?? ok(equalsIgnoreCase(pattern, subject.octets));
  return ok(equalsIgnoreCase(pattern, subject.octets));
}

function matchRegex(pattern: Octets, subject: Octets, frame: Frame): Outcome<boolean> {
  const compiled = frame.services.regexes.compile(pattern, { caseless: true });
  if (compiled.kind === 'error')
    return defer(`regular expression error: ${compiled.message} at offset ${compiled.offset} while compiling ${pattern}`);
  const result = compiled.regex.match(subject);
  if (result.kind === 'limit') frame.services.log.panic(`regular expression "${pattern}": ${result.message}`, mailOf(frame)?.id);
  return ok(result.kind === 'match');
}

/** Undefined: what precedes the semicolon is no lookup type. */
function matchNested(pattern: Octets, semicolon: number, subject: Text, frame: Frame): MaybePromise<Outcome<boolean>> | undefined {
  const { lookups } = frame.services;
  const parsed = lookups.parseType(pattern.slice(0, semicolon));
  if (parsed.kind === 'error') return undefined;
  const rest = untainted(pattern.slice(semicolon + 1));
  const request = parsed.type.isQueryStyle
    ? { type: parsed.type, file: undefined, key: rest }
    : { type: parsed.type, file: rest, key: subject };
  return chainOk(lookups.find(request, frame), (answer) => ok(answer.kind === 'found'));
}
