import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeLog } from '../system/fakes/log.ts';
import { shownLog } from './shown-log.ts';

test('a test shows its log lines, and debug_print when it is asked for', () => {
  const output = (showsDebugPrint: boolean) => {
    let text = '';
    const stderr = {
      write: (octets: string) => {
        text += octets;
      },
    };
    const log = shownLog(new FakeLog(), stderr, showsDebugPrint);
    log.panic('Tainted filename');
    log.mainAndReject('refused\tit');
    if (log.isDebug('debug_print')) log.debug('debug_print', () => 'R: local for a@b\n');
    log.debug('route', () => 'step');
    return text;
  };
  const lines = 'LOG: MAIN PANIC\n  Tainted filename\nLOG: MAIN REJECT\n  refused\tit\n';
  assert.equal(output(false), lines);
  assert.equal(output(true), `${lines}R: local for a@b\n`);
});
