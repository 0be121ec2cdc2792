import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeLog } from '../system/fakes/log.ts';
import { shownLog } from './shown-log.ts';

test('a test shows its log lines, and when it is talkative their logs and debug_print', () => {
  const output = (isTalkative: boolean) => {
    let text = '';
    const stderr = {
      write: (octets: string) => {
        text += octets;
      },
    };
    const log = shownLog(new FakeLog(), stderr, isTalkative, () => 'NOW');
    log.panic('Tainted filename');
    log.mainAndReject('refused\tit');
    if (log.isDebug('debug_print')) log.debug('debug_print', () => 'R: local for a@b\n');
    log.debug('route', () => 'step');
    return text;
  };
  assert.equal(output(false), 'NOW Tainted filename\nNOW refused\tit\n');
  assert.equal(output(true), 'LOG: MAIN PANIC\n  Tainted filename\nLOG: MAIN REJECT\n  refused\tit\nR: local for a@b\n');
});
