/** `${readsocket{name}{request}{options}{eol}{fail}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { ok } from '../../core/outcome.ts';
import { emptyText, tainted } from '../../core/text.ts';
import { withTexts } from '../branches.ts';
import { parseSocketOptions, readSocket } from '../socket-read.ts';

export default defineItem({
  name: 'readsocket',
  summary:
    'What a Unix or TCP (`inet:host:port`) socket answers to a request. The third string is a time and options, the fourth, if it is not empty, replaces newlines, the fifth is used when it fails.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${readsocket{/no/such/socket}}', { kind: 'fail', message: "Not enough arguments for 'readsocket' (min is 2)" }],
    ['${readsocket{/no/such/socket}{x}{3s}{}{down}}', 'down'],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 4, isFollowed: true }, { kind: 'optional-string' }],
  unclosed: "missing '}' closing readsocket",
  compile:
    ([expressions, whenFailed]) =>
    (frame) =>
      withTexts(expressions, frame, async ([name = emptyText, request = emptyText, settings = emptyText, eol]) => {
        const options = parseSocketOptions(settings.octets);
        const answer = await readSocket(name, request.octets, options, frame);
        if (answer.kind !== 'ok') return whenFailed ? whenFailed.evaluate(frame) : answer;
        return ok(tainted(eol === undefined || eol.octets === '' ? answer.value : answer.value.replaceAll('\n', eol.octets)));
      }),
});
