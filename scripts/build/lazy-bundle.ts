/**
 * Bundles an entry for processes that soon end: each module is a function that runs when something of it is first used, so that a process pays for what
 * it does and not for all it could do. The price is a call at each use of another module (`__use(12).parseAddress`), which processes that
 * go on should not pay: they run bundle.ts's.
 *
 * It makes no difference but in time: modules have no state and do nothing when they are loaded (STYLE.md 3), and there are no cycles of imports.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build, type Metafile, transform } from 'esbuild';
import { bundleOptions, dialect, root, scriptOf, sourceOf } from './bundle.ts';

/** Two function expressions: the loader reads the second, with the modules that are seldom used, when one of them is. */
export interface LazyBundle {
  readonly first: string;
  readonly rest: string;
}

/** What the linker puts into a module's code: a variable of the module of that name would stand before it. */
const LINKED_NAMES = /\b__(?:use\b|node_)/;

interface Module {
  /** Without its imports and exports, which are as esbuild writes them for CommonJS: `(0, import_octets.trimEnd)(line)`. */
  readonly code: string;
  /** Specifiers by the names they are imported under. */
  readonly imports: ReadonlyMap<string, string>;
  /** The module of the program behind each specifier; Node's own have none. */
  readonly targets: ReadonlyMap<string, string>;
  /** Exported names and what they are called inside. */
  readonly exports: ReadonlyMap<string, string>;
  /** The modules of which all exports are this one's too. */
  readonly stars: readonly string[];
  /** A CommonJS module of a package. */
  readonly isForeign: boolean;
}

/** The modules of a program, numbered in the order of the map. */
export type Modules = ReadonlyMap<string, Module>;

/** `entry` (below the root) and all it imports. */
export async function readModules(entry: string): Promise<Modules> {
  const { metafile } = await build({ ...bundleOptions(entry), metafile: true });
  const entryPath = Object.values(metafile.outputs)[0]?.entryPoint;
  const paths = Object.keys(metafile.inputs).sort((a, b) => Number(b === entryPath) - Number(a === entryPath));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readModule(path, metafile)] as const)));
}

/** `isFirst` chooses the modules of the first part by their numbers. */
export async function lazyBundle(modules: Modules, isFirst: (module: number) => boolean = () => true): Promise<LazyBundle> {
  const [first, rest] = [partOf(modules, isFirst), partOf(modules, (number) => !isFirst(number))];
  // A process may live while the program is replaced.
  const build = JSON.stringify(createHash('sha256').update(first).update(rest).digest('base64url'));
  const firstCode = `
    const loaded = [];
    let rest;
    function __use(number) {
      return (loaded[number] ??= (modules[number] ?? (rest ??= readRest())[number])());
    }
    function readRest() {
      const part = __loadRest(__use);
      if (part.build !== ${build}) throw new Error('eximius was replaced by another version while this process ran');
      return part.modules;
    }
    ${first}
    module.exports = { ...__use(0), loadedModules: () => Object.keys(loaded).map(Number), loadRest: () => { rest ??= readRest(); } };`;
  const restCode = `${rest}\nmodule.exports = { modules, build: ${build} };`;
  return { first: await scriptOf(firstCode, '__loadRest'), rest: await scriptOf(restCode, '__use') };
}

/** An array of the chosen modules' functions, with holes where the others are. */
function partOf(modules: Modules, isChosen: (module: number) => boolean): string {
  const linker = new Linker(modules);
  const functions = [...modules.keys()].map((path, number) => (isChosen(number) ? linker.functionOf(path) : ''));
  return `${linker.declarations()}\nconst modules = [\n${functions.join(',\n')},\n];`;
}

class Linker {
  readonly #modules: Modules;
  readonly #numbers: ReadonlyMap<string, number>;
  /** Names of the variables of this part that hold Node's modules. */
  readonly #builtins = new Map<string, string>();

  constructor(modules: Modules) {
    this.#modules = modules;
    this.#numbers = new Map([...modules.keys()].map((path, number) => [path, number]));
  }

  functionOf(path: string): string {
    const module = this.#module(path);
    if (module.isForeign) return this.#foreign(module);
    if (module.stars.length > 0) return `() => ({ ${module.stars.map((star) => `...${this.#use(star)}`).join(', ')} })`;
    const code = module.code
      .replace(/\bimport_(?!meta\b)\w+(?:\.\w+)?/g, (text) => this.#reference(module, path, ...splitReference(text)))
      .replace(/(?:\b__toESM\()?\brequire\("([^":]+)"\)\)?/g, (_, specifier: string) => {
        const target = module.targets.get(specifier);
        // CommonJS in any case: the packages that are laid beside the program.
        return target === undefined ? `require(${JSON.stringify(specifier)})` : this.#use(target);
      });
    const exports = [...module.exports].map(([name, local]) => (name === local ? name : `${name}: ${local}`));
    return `() => {\n${code}\nreturn { ${exports.join(', ')} }; }`;
  }

  /** Of the variables that the functions use. */
  declarations(): string {
    return this.#builtins.size === 0 ? '' : `let ${[...this.#builtins.values()].join(', ')};`;
  }

  #module(path: string): Module {
    const module = this.#modules.get(path);
    if (!module) throw new Error(`no module ${path}`);
    return module;
  }

  #use(path: string): string {
    return `(__use(${this.#numbers.get(path)}))`;
  }

  #reference(module: Module, path: string, variable: string, name: string | undefined): string {
    const specifier = module.imports.get(variable);
    if (specifier === undefined) throw new Error(`${path}: ${variable} is not an import`);
    const target = module.targets.get(specifier);
    if (target !== undefined && !this.#module(target).isForeign) {
      return name === undefined ? this.#use(target) : `${this.#use(this.#homeOf(target, name))}.${name}`;
    }
    const value = target === undefined ? this.#builtin(specifier) : this.#use(target);
    return name === undefined || name === 'default' ? value : `${value}.${name}`;
  }

  /** The module that an export of `path` is really of. */
  #homeOf(path: string, name: string): string {
    const { exports, stars } = this.#module(path);
    const home = exports.has(name) ? path : stars.find((star) => this.#module(star).exports.has(name));
    if (home === undefined) throw new Error(`${path} does not export ${name}`);
    return home;
  }

  #builtin(specifier: string): string {
    const name = `__node_${specifier.replace(/^node:/, '').replaceAll('/', '_')}`;
    this.#builtins.set(specifier, name);
    return `(${name} ??= process.getBuiltinModule(${JSON.stringify(specifier)}))`;
  }

  #foreign({ code, targets }: Module): string {
    const linked = code.replace(/\brequire\('([^']+)'\)/g, (_, specifier: string) => {
      const target = targets.get(specifier);
      return target === undefined ? this.#builtin(specifier) : this.#use(target);
    });
    return `() => { const module = { exports: {} }; const { exports } = module;\n${linked}\nreturn module.exports; }`;
  }
}

/** `import_octets.trimEnd`; without a name when the whole module is meant. */
function splitReference(text: string): [string, string | undefined] {
  const [variable = '', name] = text.split('.');
  return [variable, name];
}

async function readModule(path: string, { inputs }: Metafile): Promise<Module> {
  const internal = (inputs[path]?.imports ?? []).filter(({ external }) => !external);
  const targets = new Map(internal.map(({ original, path: target }) => [original ?? target, target]));
  const file = resolve(root, path);
  if (!path.endsWith('.ts'))
    return { code: readFileSync(file, 'utf8'), imports: new Map(), targets, exports: new Map(), stars: [], isForeign: true };

  // A late import becomes a require() in a promise.
  const options = { ...dialect, loader: 'ts', format: 'cjs', supported: { 'dynamic-import': false } } as const;
  const { code } = await transform(sourceOf(file), options);
  const afterHelpers = code.slice(code.indexOf('var stdin_exports = {};\n'));
  const imports = new Map<string, string>();
  const exports = new Map<string, string>();
  const stars: string[] = [];
  const rest = afterHelpers
    .replace('var stdin_exports = {};\n', '')
    .replace('module.exports = __toCommonJS(stdin_exports);\n', '')
    .replace(/^__export\(stdin_exports, \{\n([^]*?)\n\}\);\n/, (_, list: string) => {
      for (const [, name = '', local = ''] of list.matchAll(/^ {2}(\w+): \(\) => (\w+),?$/gm)) exports.set(name, local);
      return '';
    })
    .replace(/^__reExport\(stdin_exports, require\("([^"]+)"\), module\.exports\);\n/gm, (_, specifier: string) => {
      stars.push(targets.get(specifier) ?? specifier);
      return '';
    })
    .replace(/^var (import_\w+) = (?:__toESM\()?require\("([^"]+)"\)\)?;\n/gm, (_, name: string, specifier: string) => {
      imports.set(name, specifier);
      return '';
    });
  if (LINKED_NAMES.test(rest)) throw new Error(`${path}: names that begin with __use or __node_ are the linker's`);
  if (/\bstdin_exports\b/.test(rest)) throw new Error(`${path}: its exports are written in a way that is not known here`);
  return { code: rest, imports, targets, exports, stars, isForeign: false };
}
