/** What to write instead of an expansion that cannot be compiled; from Exim's message, which names what is wrong. */
import { didYouMean } from '../base/nearest-name.ts';
import type { ExpansionFamily } from '../core/registry.ts';

export type Suggest = (message: string) => string | undefined;

/** Names are gathered with the first question: few configurations have one. */
export function makeSuggest(family: ExpansionFamily, lookupNames: readonly string[]): Suggest {
  const names = (definitions: readonly { readonly name: string }[]) => definitions.map(({ name }) => name);
  const rules: readonly (readonly [RegExp, (name: string) => string | undefined])[] = [
    [/^unknown expansion operator "([^"]*)"/, (name) => didYouMean(name, [...names(family.operators), ...names(family.items)])],
    [/^unknown variable (?:name |in )?"(?:\$\{)?([^"}]*)/, (name) => didYouMean(name, names(family.variables))],
    [/^unknown condition "([^"]*)"/, (name) => didYouMean(name, names(family.conditions))],
    [
      /^unknown lookup type "([^"]*)"/,
      (name) => didYouMean(name.replace(/^partial[0-9]*(?:\([^)]*\))?-|[*@]*(?:,.*)?$/g, ''), lookupNames),
    ],
    [
      /^"\$\{([^"]*)" is not a known operator/,
      (name) =>
        names(family.variables).includes(name)
          ? `write \${${name}}`
          : didYouMean(name, [...names(family.operators), ...names(family.items), ...names(family.variables)]),
    ],
    [/\}|\{|bracket/, () => 'look at the braces: each { needs its }'],
  ];
  return (message) => {
    for (const [pattern, suggest] of rules) {
      const match = pattern.exec(message);
      const suggestion = match && suggest(match[1] ?? '');
      if (suggestion) return suggestion;
    }
    return undefined;
  };
}
