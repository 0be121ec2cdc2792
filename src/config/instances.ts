/** From drafts to instances of routers, transports and authenticators: defaults filled in, combinations checked, behaviour created. */

import { didYouMean } from '../base/nearest-name.ts';
import { upperCase } from '../base/octets.ts';
import type { Config, OptionSetting } from '../core/config.ts';
import type {
  AuthenticatorDefinition,
  AuthenticatorInstance,
  DriverInstance,
  RouterDefinition,
  RouterInstance,
  TransportDefinition,
  TransportInstance,
} from '../core/drivers.ts';
import { ConfigError } from '../core/source.ts';
import type { DriverDefinition, DriverDraft, DriverFamily } from './driver-section.ts';
import { completeValues, notYetOptions, notYetText, type OptionContext } from './options.ts';
import type { Problems } from './problems.ts';

type Values = Readonly<Record<string, unknown>>;

/** What creating and checking an instance needs of the definitions of all families. */
interface Creatable<B> extends DriverDefinition {
  readonly genericDefaults?: Values;
  readonly create?: (own: Record<string, unknown>, instance: { readonly name: string; readonly generic: Values }) => B;
  readonly validate?: (own: Record<string, unknown>, generic: Values) => readonly string[];
}

interface Made<B> {
  readonly common: DriverInstance<Values>;
  readonly behaviour: B | undefined;
}

export function makeRouters(drafts: readonly DriverDraft<RouterDefinition>[], context: OptionContext): readonly RouterInstance[] {
  return drafts.flatMap((draft) => {
    const made = make('router', draft, draft.definition, context);
    if (!made || !draft.definition) return [];
    if (draft.definition.needsTransport && !hasTransport(made.common.generic)) {
      const message = `${draft.name} router:\n  a transport is required for this router`;
      context.problems.error(message, draft.at, { subject: draft.name, isWithoutLine: true });
    }
    if (draft.definition.refusesTransport && made.common.generic['transport'] !== undefined) {
      const message = `${draft.name} router:\n  a transport must not be defined for this router`;
      context.problems.error(message, draft.at, { subject: 'transport', isWithoutLine: true });
    }
    return [{ ...made.common, behaviour: made.behaviour }];
  });
}

function hasTransport(generic: Values): boolean {
  return generic['transport'] !== undefined || generic['verify_only'] === true;
}

export function makeTransports(
  drafts: readonly DriverDraft<TransportDefinition>[],
  context: OptionContext,
): ReadonlyMap<string, TransportInstance> {
  const result = new Map<string, TransportInstance>();
  for (const draft of drafts) {
    const made = make('transport', draft, draft.definition, context);
    if (made && draft.definition)
      result.set(draft.name, { ...made.common, isRemote: draft.definition.isRemote, behaviour: made.behaviour });
  }
  return result;
}

export function makeAuthenticators(
  drafts: readonly DriverDraft<AuthenticatorDefinition>[],
  context: OptionContext,
): readonly AuthenticatorInstance[] {
  return drafts.flatMap((draft) => {
    const made = make('authenticator', draft, draft.definition, context);
    if (!made) return [];
    const written = made.common.generic['public_name'];
    const publicName = typeof written === 'string' && written !== '' ? written : draft.name;
    return [
      {
        ...made.common,
        generic: { ...made.common.generic, public_name: publicName },
        publicName: upperCase(publicName),
        behaviour: made.behaviour,
      },
    ];
  });
}

function make<B>(
  family: DriverFamily,
  draft: DriverDraft<DriverDefinition>,
  definition: Creatable<B> | undefined,
  context: OptionContext,
): Made<B> | undefined {
  const { problems } = context;
  if (!definition || !draft.own) {
    if (!draft.isUnknownDriver)
      problems.error(`no driver defined for ${family} "${draft.name}"`, draft.at, { subject: draft.name, isWithoutLine: true });
    return undefined;
  }
  const generic = completeValues(draft.generic, context, definition.genericDefaults);
  const own = completeValues(draft.own, context, {}, generic);
  const settings = new Map<string, OptionSetting>([...draft.generic.settings, ...draft.own.settings]);
  const notYet = reportNotYet(family, draft, definition, settings, problems);
  const concerns = `${draft.name} ${family}`;
  const flaws = definition.validate?.(own, generic) ?? [];
  for (const message of flaws) {
    const place = message.includes('%s') ? { isWithoutLine: true } : { concerns };
    problems.error(message.replaceAll('%s', draft.name), draft.at, { subject: draft.name, ...place });
  }
  const common = { name: draft.name, driver: definition.name, at: draft.at, generic, own, settings, notYet };
  const behaviour = flaws.length > 0 ? undefined : create(definition, own, common, problems);
  return { common, behaviour };
}

function create<B>(
  definition: Creatable<B>,
  own: Record<string, unknown>,
  common: DriverInstance<Values>,
  problems: Problems,
): B | undefined {
  try {
    return definition.create?.(own, { name: common.name, generic: common.generic });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.add(error.problem);
    return undefined;
  }
}

/** The set options, and the driver itself, that are not built yet. */
function reportNotYet(
  family: DriverFamily,
  draft: DriverDraft<DriverDefinition>,
  definition: Creatable<unknown>,
  settings: ReadonlyMap<string, OptionSetting>,
  problems: Problems,
): readonly string[] {
  const options = [...notYetOptions(draft.generic), ...(draft.own ? notYetOptions(draft.own) : [])];
  for (const { name, scope } of options) {
    problems.notYet(notYetText(`"${name}" option of the ${family} ${draft.name}`, scope), settings.get(name)?.at ?? draft.at, {
      subject: name,
    });
  }
  const names = options.filter(({ scope }) => scope !== 'notice').map(({ name }) => name);
  if (definition.create) return names;
  problems.notYet(`${family} driver "${definition.name}" is not built yet`, settings.get('driver')?.at ?? draft.at, {
    subject: definition.name,
  });
  return ['driver', ...names];
}

/** Names in one instance of others that must exist; `routers` are all that were begun. */
export function checkReferences(config: Config, routers: readonly string[], problems: Problems): void {
  for (const router of config.routers) {
    for (const option of ['pass_router', 'redirect_router']) {
      const wanted = router.generic[option];
      if (typeof wanted !== 'string') continue;
      const isKnown = routers.includes(wanted);
      // An address that is passed on goes forward, one that begins anew where it likes.
      if (isKnown && (option === 'redirect_router' || routers.indexOf(wanted) > routers.indexOf(router.name))) continue;
      const what = isKnown ? 'does not follow' : 'not found for';
      problems.error(`new_router "${wanted}" ${what} "${router.name}" router`, router.settings.get(option)?.at ?? router.at, {
        subject: wanted,
        isWithoutLine: true,
        suggestion: isKnown ? 'name a router that stands behind this one' : didYouMean(wanted, routers),
      });
    }
  }
}
