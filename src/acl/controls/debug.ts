/** `control = debug`. */
import type { Octets } from '../../base/octets.ts';
import { parseDecimal } from '../../base/octets.ts';
import type { SessionDebugOptions } from '../../core/index.ts';
import { defineAclControl, fail, ok } from '../../core/index.ts';
import { parseDebugCategories } from '../../logging/debug-categories.ts';
import { DebugRecorder } from '../../logging/session-debug.ts';

type Wish = 'start' | 'stop' | 'kill';

export default defineAclControl({
  name: 'debug',
  summary:
    'Writes the steps of this session to the file debuglog beside the logs: options tag, opts (as -d), pretrigger and trigger; stop and kill end it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  takesOptions: true,
  apply: (text, { frame }) => {
    const parsed = parseOptions(text);
    const session = frame.session;
    if (parsed === undefined) return fail('');
    if (session === undefined) return ok(undefined);
    const { state } = session;
    const { wish, tag, options } = parsed;
    if (wish !== 'start') state.debug?.[wish]();
    else if (state.debug) state.debug.change(options);
    else state.debug = new DebugRecorder(frame.services.log, tag, options);
    if (wish === 'kill') state.debug = undefined;
    return ok(undefined);
  },
});

/** Undefined: one of them cannot be read. Unknown ones are passed over, as in Exim. */
function parseOptions(text: Octets): { readonly wish: Wish; readonly tag: Octets; readonly options: SessionDebugOptions } | undefined {
  let wish: Wish = 'start';
  let tag = '';
  let categories: ReadonlySet<string> | undefined;
  let pretriggerBytes: number | undefined;
  let trigger: SessionDebugOptions['trigger'];
  for (const item of text.split('/').slice(1)) {
    const [name = '', value = ''] = splitAtEquals(item);
    if (name === 'stop') wish = 'stop';
    else if (name === 'kill') wish = 'kill';
    else if (name === 'tag' && !value.includes('\0')) tag = value;
    else if (name === 'opts') {
      categories = parseDebugCategories(value);
      if (categories === undefined) return undefined;
    } else if (name === 'pretrigger') pretriggerBytes = parseDecimal(value);
    else if (name === 'trigger' && value === 'now') trigger = 'now';
    else if (name === 'trigger' && value === 'paniclog') trigger = 'paniclog';
    if (name === 'pretrigger' && pretriggerBytes === undefined) return undefined;
  }
  return { wish, tag, options: { categories, pretriggerBytes, trigger } };
}

function splitAtEquals(item: Octets): readonly [Octets, Octets] {
  const at = item.indexOf('=');
  return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
}
