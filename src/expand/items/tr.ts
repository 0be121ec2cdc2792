/** `${tr{subject}{characters}{replacements}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { emptyText, sameSpans } from '../../core/text.ts';
import { eager } from '../branches.ts';

export default defineItem({
  name: 'tr',
  summary: 'Single octets translated; the last replacement stands for all that have none, and of doubled characters the last counts.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${tr{abcdea}{ac}{13}}', '1b3de1'],
    ['${tr{abc}{abc}{x}}', 'xxx'],
    ['${tr{abc}{a}{}}', 'abc'],
  ],
  arguments: [{ kind: 'strings', min: 3, max: 3 }],
  compile: eager(([subject = emptyText, characters = emptyText, replacements = emptyText]) => {
    if (replacements.octets === '') return subject;
    const last = replacements.octets.slice(-1);
    const translated = Array.from(subject.octets, (char) => {
      const index = characters.octets.lastIndexOf(char);
      return index < 0 ? char : (replacements.octets[index] ?? last);
    });
    return sameSpans(translated.join(''), subject);
  }),
});
