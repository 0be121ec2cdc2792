/** `${perl{subroutine}{argument}…}`. Spec ch. 12 "Embedded Perl". */
import { defineItem } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { emptyText, untainted } from '../../core/text.ts';
import { withTexts } from '../branches.ts';

export default defineItem({
  name: 'perl',
  summary:
    'The value of a Perl subroutine that the code of perl_startup defines, called with up to eight arguments; undef is a forced failure.',
  spec: 'ch. 12 "Embedded Perl"',
  examples: [
    ['${perl}', { kind: 'fail', message: "Not enough arguments for 'perl' (min is 1)" }],
    ['${perl{1}{2}{3}{4}{5}{6}{7}{8}{9}{10}}', { kind: 'fail', message: "Too many arguments for 'perl' (max is 9)" }],
  ],
  arguments: [{ kind: 'strings', min: 1, max: 9 }],
  compile:
    ([expressions]) =>
    (frame) =>
      withTexts(expressions, frame, ([name = emptyText, ...args]) =>
        chainOk(
          (frame.perl ?? frame.services.perl).call(
            name.octets,
            args.map(({ octets }) => octets),
            frame,
          ),
          (value) => ok(untainted(value)),
        ),
      ),
});
