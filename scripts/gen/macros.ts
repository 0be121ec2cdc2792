/** The names of the built-in macros, from the definitions. */
import { builtInMacroNames, type Definitions as ConfigDefinitions } from '../../src/config/builtin-macros.ts';
import { SELECTOR_NAMES } from '../../src/logging/selectors.ts';
import type { DefinitionFile } from './definitions.ts';

export function macroNames(files: readonly DefinitionFile[]): readonly string[] {
  // `readDefinitions` has checked the family of each
  const of = <T>(family: string) => files.filter((file) => file.part.family === family).flatMap((file) => file.definitions) as unknown as T;
  return builtInMacroNames({
    routers: of<ConfigDefinitions['routers']>('router'),
    transports: of<ConfigDefinitions['transports']>('transport'),
    authenticators: of<ConfigDefinitions['authenticators']>('authenticator'),
    lookups: of<ConfigDefinitions['lookups']>('lookup'),
    acl: {
      conditions: of<ConfigDefinitions['acl']['conditions']>('acl-condition'),
      modifiers: of<ConfigDefinitions['acl']['modifiers']>('acl-modifier'),
      controls: of<ConfigDefinitions['acl']['controls']>('acl-control'),
    },
    expansion: {
      items: of<ConfigDefinitions['expansion']['items']>('item'),
      operators: of<ConfigDefinitions['expansion']['operators']>('operator'),
      conditions: of<ConfigDefinitions['expansion']['conditions']>('condition'),
      variables: of<ConfigDefinitions['expansion']['variables']>('variable'),
    },
    logSelectors: SELECTOR_NAMES,
  });
}
