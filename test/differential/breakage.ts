/** Wrong syntax of every sort, made from what is right: braces, names, arguments and branches are dropped, doubled, changed or cut. */
import type { Random } from './random.ts';

type Breakage = (text: string, random: Random) => string;

const breakages: readonly Breakage[] = [
  // A brace, a colon or a dollar is missing, doubled or another one.
  (text, random) => atOne(text, /[{}$:\\]/g, random, () => ''),
  (text, random) => atOne(text, /[{}$:\\]/g, random, (found) => found + found),
  (text, random) => atOne(text, /[{}]/g, random, () => random.pick(['{', '}', '}}', '{{', '(', ' ', '\\}', '\\{'])),
  // Cut short.
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text) => text.replace(/\}$/, ''),
  (text) => `${text}}`,
  // An argument too many or too few.
  (text, random) => atOne(text, /\{[^{}]*\}/g, random, () => ''),
  (text, random) => atOne(text, /\{[^{}]*\}/g, random, (found) => found + found),
  (text, random) => atOne(text, /\{[^{}]*\}/g, random, (found) => `${found}{more}`),
  (text, random) => atOne(text, /\{[^{}]*\}/g, random, (found) => found.slice(1, -1)),
  (text) => text.replace(/\}$/, '{a}{b}{c}{d}}'),
  // Names that do not exist.
  (text, random) => atOne(text, /[a-z_]{2,}/g, random, (found) => `${found}${random.pick(['x', '_', '_1', '1', '-', '.', ' '])}`),
  (text, random) => atOne(text, /[a-z_]{2,}/g, random, (found) => found.slice(1)),
  (text, random) => atOne(text, /[a-z_]{2,}/g, random, (found) => found.toUpperCase()),
  (text, random) => atOne(text, /[a-z_]{2,}/g, random, () => random.pick(['nosuch', 'if', 'lc', 'eq', 'extract', 'fail', 'def', ''])),
  // Wrong yes and no parts, and what stands between arguments.
  (text, random) =>
    text.replace(
      /\}$/,
      random.pick(['fail}', 'fai}', 'failure}', ' fail }', 'x}', ' {n}x}', '{y}{n}{z}}', '{y}fail{n}}', '\\n}', ',}', '{y']),
    ),
  (text, random) => atOne(text, /\}\{/g, random, () => random.pick(['} {', '}\t{', '}x{', '},{', '}  {', '}{}{', '} fail {'])),
  (text, random) => atOne(text, /\{/g, random, (found) => random.pick([` ${found}`, `${found} `, `x${found}`, `\\n${found}`, `!${found}`])),
  // An octet anywhere.
  (text, random) => {
    const at = random.below(text.length + 1);
    return (
      text.slice(0, at) +
      random.pick(['{', '}', '$', '\\', ':', ' ', '!', '\xe9', '\t', '"', "'", '${', '\\N', '<', '>', '=', ',', '_', '1', '-']) +
      text.slice(at)
    );
  },
];

export function breakExpansion(text: string, random: Random): string {
  const broken = random.pick(breakages)(text, random);
  return random.chance(0.2) ? random.pick(breakages)(broken, random) : broken;
}

/** One of the places where the pattern is found, replaced. */
function atOne(text: string, pattern: RegExp, random: Random, replace: (found: string) => string): string {
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) return text;
  const place = random.pick(places);
  return text.slice(0, place.index) + replace(place[0]) + text.slice(place.index + place[0].length);
}
