/** `${env{name}{yes}{no}}`. Spec ch. 11 "Expansion items". */
import { trimSpace } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { untainted } from '../../core/text.ts';
import { takeFound, takeNotFound } from '../branches.ts';

export default defineItem({
  name: 'env',
  summary: 'A variable of the environment.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${env{EXIMIUS_NOT_SET}{$value}{none}}', 'none'],
    ['${env{EXIMIUS_NOT_SET}{$value}fail}', { kind: 'forced-fail' }],
  ],
  arguments: [{ kind: 'string' }, { kind: 'branches' }],
  compile:
    ([name, branches]) =>
    (frame) =>
      chainOk(name.evaluate(frame), (text) => {
        const value = frame.services.environment.get(trimSpace(text.octets));
        return value === undefined ? takeNotFound(branches, frame) : takeFound(branches, untainted(value), frame);
      }),
});
