/** What there is of each row of the inventory: from the program's own registry, tables and parsers, or what `eximius check` says of a probe. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SCANNER_NAMES } from '../../src/checks/scan/malware.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { SELECTOR_NAMES } from '../../src/logging/selectors.ts';
import { parseRedirectList } from '../../src/routers/redirect/list.ts';
import { VERBS } from '../../src/smtp/command.ts';
import type { Definition, Definitions } from '../gen/definitions.ts';
import { isNotYet } from '../gen/definitions.ts';
import { laterPart, refusal } from './plan.ts';
import { runProbes } from './probes.ts';
import type { Row } from './rows.ts';

export interface Judgement {
  readonly row: Row;
  readonly state: 'done' | 'later' | 'refused';
  /** The part of the work it belongs to, or why it is not built. */
  readonly why: string;
}

/** What the program says of a row: it is there, it is declared only, or it does not know it. */
type Finding = 'done' | 'declared' | 'unknown';

export function judgeRows(root: string, rows: readonly Row[], definitions: Definitions): readonly Judgement[] {
  const registry = new Registry(definitions);
  const probed = runProbes(root, rows);
  return rows.map((row) => {
    const problem = probed.get(row);
    const finding = problem === undefined ? find(root, row, registry) : problem === '' ? 'done' : 'declared';
    if (finding === 'done') return { row, state: 'done', why: '' };
    const reason = refusal(row);
    return reason === undefined ? { row, state: 'later', why: laterPart(row) } : { row, state: 'refused', why: reason };
  });
}

class Registry {
  readonly #definitions = new Map<string, Definition>();
  readonly #tables: ReadonlyMap<string, Readonly<Record<string, { readonly notYet?: string }>>>;

  constructor({ files, tables }: Definitions) {
    for (const definition of files.flatMap((file) => file.definitions))
      for (const name of [definition.name, ...(definition.aliases ?? [])])
        this.#definitions.set(`${definition.family} ${name}`, definition);
    this.#tables = new Map([...tables].map(([{ page }, options]) => [page, options]));
  }

  named(family: string, name: string): Finding {
    const definition = this.#definitions.get(`${family} ${name}`);
    return definition === undefined ? 'unknown' : isNotYet(definition) ? 'declared' : 'done';
  }

  /** Of all: what is missing most. */
  all(family: string, names: readonly string[]): Finding {
    const findings = names.map((name) => this.named(family, name));
    return findings.includes('unknown') || findings.length === 0 ? 'unknown' : findings.includes('declared') ? 'declared' : 'done';
  }

  option(owner: string, name: string): Finding {
    const page = new Map([
      ['main', 'main-options'],
      ['routers', 'router-options'],
      ['transports', 'transport-options'],
      ['authenticators', 'authenticator-options'],
    ]).get(owner);
    if (page !== undefined) return findingOf(this.#tables.get(page)?.[name]);
    const drivers = ['router', 'transport', 'authenticator'].flatMap((family) => this.#definitions.get(`${family} ${owner}`) ?? []);
    const specs = drivers.flatMap((driver) => driver.options?.[name] ?? []);
    return drivers.some(isNotYet) ? 'declared' : findingOf(specs[0]);
  }
}

function findingOf(spec: { readonly notYet?: string } | undefined): Finding {
  return spec === undefined ? 'unknown' : spec.notYet === undefined ? 'done' : 'declared';
}

function find(root: string, row: Row, registry: Registry): Finding {
  const { kind, form } = row;
  const [owner] = /(?<=^option of ).*/.exec(kind) ?? [];
  if (owner !== undefined) return registry.option(owner, form);
  switch (kind) {
    case 'expansion item':
      return namesOf(form, /\$\{([a-z_]+)[ {]/g).length === 0 ? 'done' : registry.all('item', namesOf(form, /\$\{([a-z_]+)[ {}]/g));
    case 'expansion operator':
      return registry.all('operator', namesOf(form, /\$\{([a-z0-9_]*?)(?:_<[^:]*)?:/g).map(operatorName));
    case 'expansion condition':
      return conditionFinding(form, registry);
    case 'variable':
    case 'mime variable':
    case 'spam variable':
      if (form === '$pipe_addresses') return registry.named('transport', 'pipe'); // an argument of its command, no variable
      return /^\$(?:[bchlr]*header_|[bhlr]*h_)/.test(form)
        ? 'done'
        : registry.all('variable', namesOf(form, /\$([a-z0-9_]+)/g).map(variableName));
    case 'lookup':
      return /^(?:partial|\*)/.test(form) ? 'done' : registry.named('lookup', form);
    case 'password check':
      return registry.named('condition', form);
    case 'acl condition':
      return registry.named('acl-condition', form.split(' ')[0] ?? '');
    case 'acl modifier':
      return registry.named('acl-modifier', form.split(' ')[0] ?? '');
    case 'acl control':
      return registry.all('acl-control', namesOf(form, /control = ([a-z0-9_]+)/g));
    case 'router':
    case 'transport':
    case 'authenticator':
      return registry.named(kind, form);
    case 'log selector':
      return form === 'all' || SELECTOR_NAMES.includes(form) ? 'done' : 'unknown';
    case 'redirect special item':
      return parseRedirectList(form.replace('address', 'user')).some((item) => item.kind === 'error') ? 'unknown' : 'done';
    case 'command-line option':
      return argumentFinding(form);
    case 'SMTP extension':
      return extensionFinding(form);
    case 'utility':
      return existsSync(join(root, 'src/tools', `${form}.ts`)) ? 'done' : 'unknown';
    case 'built-in perl':
      return form.startsWith('perl_') ? registry.option('main', form) : registry.named('item', 'perl');
    case 'config reader':
      return form === 'trusted-config' ? registry.option('main', 'trusted_users') : argumentFinding(`${form} X`);
    case 'spf/dkim result':
      return registry.all('acl-condition', ['spf', 'dkim_status']);
    case 'malware scanner':
      return SCANNER_NAMES.includes(form) ? registry.named('acl-condition', 'malware') : 'unknown';
    case 'spam scanner':
      return registry.named('acl-condition', 'spam');
    case 'event':
      return registry.option('main', 'event_action');
    default:
      return 'unknown';
  }
}

function namesOf(form: string, pattern: RegExp): readonly string[] {
  return [...form.matchAll(pattern)].map((match) => match[1] ?? '');
}

function operatorName(name: string): string {
  return name.startsWith('quote_') && name !== 'quote_local_part' ? 'quote' : name.replace(/^listnamed.*/, 'listnamed');
}

/** Variables that come in numbers or with names of the user's are one row. */
function variableName(name: string): string {
  return name === 'n' || name === 'sn' ? `${name}0` : name;
}

function conditionFinding(form: string, registry: Registry): Finding {
  if (form.startsWith('!')) return 'done';
  if (form.startsWith('<symbolic')) return registry.all('condition', ['=', '==', '>', '>=', '<', '<=']);
  return registry.all('condition', namesOf(form, /(?:^|[ "])([a-z0-9_]+)(?= ?\{|:|$)/g));
}

/** Each with what its arguments may look like. */
function argumentFinding(form: string): Finding {
  const words = form
    .replaceAll('"', '')
    .replaceAll(/<message (?:id|reference)>/g, '1aaaaa-000000-00')
    .replace(/ \.\.\.$/, '')
    .replaceAll(/<(?:IP|host|interface) address>/g, '127.0.0.1')
    .replaceAll(/<times?>/g, '5s')
    .replaceAll(/<(?:type|number)>/g, '8')
    .replaceAll(/<[^>]*>/g, 'x')
    .split(' ')
    .filter((word) => word !== '');
  // some need a word behind them, some take none
  const tries = [[...words, 'x'], words].map((args) => parseArguments('exim', args));
  const parsed = tries.find(({ kind }) => kind === 'ok');
  if (parsed?.kind !== 'ok') return 'unknown';
  return parsed.invocation.mode?.kind === 'not-yet' ? 'declared' : 'done';
}

function extensionFinding(form: string): Finding {
  const isCommand = (VERBS as readonly string[]).includes(form === 'CHUNKING' ? 'BDAT' : form);
  return isCommand || OFFERED.has(form) ? 'done' : 'unknown';
}

/** Extensions that bring no command of their own. */
const OFFERED: ReadonlySet<string> = new Set(['8BITMIME', 'DSN', 'LIMITS', 'PIPECONNECT', 'PIPELINING', 'PRDR', 'SIZE', 'SMTPUTF8']);
