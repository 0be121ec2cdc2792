/** `${utf8clean:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { cleanUtf8 } from '../utf8.ts';

export default defineOperator({
  name: 'utf8clean',
  summary: 'Octets that are not valid UTF-8 as question marks.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${utf8clean:a\\xff}', 'a?'],
    ['${utf8clean:\\xc3\\xa9}', 'Ã©'],
  ],
  transform: (text) => derived(cleanUtf8(text.octets), text),
});
