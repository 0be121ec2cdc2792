/** Checks of the chain of routers: routers that no address reaches, transports that do not exist. */

import { didYouMean } from '../base/nearest-name.ts';
import type { Config } from '../core/config.ts';
import type { RouterDefinition, RouterInstance } from '../core/drivers.ts';
import type { Problem } from '../core/source.ts';

/** Generic options any of which may make a router be skipped. */
const PRECONDITIONS = [
  'address_test',
  'check_local_user',
  'condition',
  'domains',
  'expn',
  'local_part_prefix',
  'local_part_suffix',
  'local_parts',
  'require_files',
  'senders',
  'verify',
  'verify_only',
  'verify_recipient',
  'verify_sender',
];

export function checkRouters(
  config: Config,
  definitions: readonly RouterDefinition[],
  transportNames: ReadonlySet<string>,
): readonly Problem[] {
  return [...unreachable(config, definitions), ...missingTransports(config, transportNames)];
}

/** What follows a router that takes or ends everything, and is not named by another. */
function unreachable({ routers }: Config, definitions: readonly RouterDefinition[]): readonly Problem[] {
  const last = routers.findIndex((router) => endsEverything(router, definitions));
  const end = routers[last];
  if (!end) return [];
  const named = new Set(routers.flatMap((router) => [router.generic['pass_router'], router.generic['redirect_router']]));
  return routers
    .slice(last + 1)
    .filter((router) => !named.has(router.name))
    .map((router) => ({
      severity: 'warning',
      message: `no address reaches the router ${router.name}`,
      at: router.at,
      subject: router.name,
      suggestion: `the router ${end.name} in line ${end.at.line} leaves none over`,
    }));
}

function endsEverything(router: RouterInstance, definitions: readonly RouterDefinition[]): boolean {
  if (PRECONDITIONS.some((name) => router.settings.has(name))) return false;
  const { unseen, more } = router.generic;
  if (unseen !== undefined && unseen !== false) return false;
  return more === false || definitions.some((definition) => definition.name === router.driver && definition.neverDeclines);
}

/** A transport whose name is not expanded must be there: Exim finds out when it routes. */
function missingTransports(config: Config, names: ReadonlySet<string>): readonly Problem[] {
  const options = ['transport', 'directory_transport', 'file_transport', 'pipe_transport', 'reply_transport'];
  return config.routers.flatMap((router) =>
    options.flatMap((option): Problem[] => {
      const setting = router.settings.get(option);
      if (!setting || /[$\\"]/.test(setting.raw) || names.has(setting.raw)) return [];
      const suggestion = didYouMean(setting.raw, names) ?? `write a transport "${setting.raw}:" in the section transports`;
      const problem: Problem = {
        severity: 'warning',
        message: `there is no transport called "${setting.raw}"`,
        at: setting.at,
        subject: option,
        suggestion,
      };
      return [problem];
    }),
  );
}
