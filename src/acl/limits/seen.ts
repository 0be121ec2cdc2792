/** The argument of `seen` and its test: `[-]<interval>/key=…/readonly/write/refresh=…`. Spec ch. 44 "Previously seen user and hosts". */
import type { Octets } from '../../base/octets.ts';
import { parseTimeSpan } from '../../base/time-span.ts';
import type { Frame, Outcome } from '../../core/index.ts';
import { fail, ok } from '../../core/index.ts';
import { formatSeenRecord, parseSeenRecord, SEEN_DATABASE } from '../../hints/seen-record.ts';

const REFRESH_SECONDS = 10 * 86400;

interface SeenQuestion {
  /** `-`: whether it was met before the interval, not within it. */
  readonly asksBefore: boolean;
  readonly intervalSeconds: number;
  readonly key: Octets | undefined;
  readonly writes: 'as-needed' | 'always' | 'never';
  readonly refreshSeconds: number;
}

export function testSeen(argument: Octets, frame: Frame): Outcome<boolean> {
  const question = parseSeen(argument, frame);
  return question.kind === 'ok' ? ok(look(question.value, frame)) : question;
}

function parseSeen(text: Octets, frame: Frame): Outcome<SeenQuestion> {
  const [when = '', ...options] = frame.services.lists.split(`</${text}`);
  const asksBefore = when.startsWith('-');
  const intervalSeconds = parseTimeSpan(asksBefore ? when.slice(1) : when);
  if (intervalSeconds === undefined) return fail(`failed to parse '${text}'`);
  let key: Octets | undefined;
  let writes: SeenQuestion['writes'] = 'as-needed';
  let refreshSeconds = REFRESH_SECONDS;
  for (const option of options) {
    if (option.startsWith('key=')) key = option.slice('key='.length);
    else if (option === 'readonly') writes = 'never';
    else if (option === 'write') writes = 'always';
    else if (option.startsWith('refresh=')) {
      const seconds = parseTimeSpan(option.slice('refresh='.length));
      if (seconds === undefined) return fail(`failed to parse '${text}'`);
      refreshSeconds = seconds;
    } else return fail(`unrecognised option '${option}' in '${text}'`);
  }
  return ok({ asksBefore, intervalSeconds, key, writes, refreshSeconds });
}

function look({ asksBefore, intervalSeconds, key, writes, refreshSeconds }: SeenQuestion, frame: Frame): boolean {
  const { hints, clock, log } = frame.services;
  const name = key ?? (frame.session?.state.origin ?? frame.message?.origin)?.hostAddress ?? '';
  const now = Math.floor(clock.now() / 1000);
  const value = hints.get(SEEN_DATABASE, name);
  const last = value === undefined ? undefined : parseSeenRecord(value);
  const isBefore = last !== undefined && last <= now - intervalSeconds;
  const write = (why: string) => {
    hints.put(SEEN_DATABASE, name, formatSeenRecord(now));
    log.debug('acl', () => `seen db written (${why})`);
  };
  if (writes === 'never') log.debug('acl', () => 'seen db not written (readonly)');
  else if (last === undefined) write('create');
  else if (writes === 'always' || !asksBefore) write('update');
  else if (isBefore && last < now - refreshSeconds) write('refresh');
  return asksBefore ? isBefore : last !== undefined && !isBefore;
}
