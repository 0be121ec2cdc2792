/** The ACLs of a configuration: parsed once, run by name, from a string or from a file. Spec ch. 44 "Access control lists". */
import { BoundedCache } from '../base/bounded-cache.ts';
import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, skipSpace } from '../base/octets.ts';
import type {
  AclCallAnswer,
  AclControlDefinition,
  AclDefinition,
  AclFamily,
  AclLine,
  AclPhase,
  AclRunResult,
  AclRunState,
  Acls,
  AclVerdict,
  Config,
  Frame,
  MaybePromise,
  Outcome,
  Problem,
  TemplateCompiler,
  Text,
} from '../core/index.ts';
import { chain, defer, fail, isStrictTaint, isTainted, mailOf, ok, originOf, tainted, untainted, withLocal } from '../core/index.ts';
import { runAcl } from './interpreter.ts';
import type { AclVocabulary, ParsedAcl } from './parse.ts';
import { makeVocabulary, parseAcl, splitAclText } from './parse.ts';
import { findPhase } from './phases.ts';

const MAX_DEPTH = 20;
const MAX_ACL_FILE_BYTES = 1 << 20;

/** Parses one ACL of a configuration: what is wrong in it is found before it is used. */
export function aclChecker(family: AclFamily, compiler: TemplateCompiler): (acl: AclDefinition) => readonly Problem[] {
  const vocabulary = makeVocabulary(family);
  return (acl) => {
    const parsed = parseAcl(acl.name, acl.lines, vocabulary, compiler);
    return [...parsed.problems, ...notYetProblems(parsed), ...argumentProblems(parsed, family)];
  };
}

function notYetProblems(acl: ParsedAcl): readonly Problem[] {
  return acl.statements.flatMap((statement) =>
    statement.items
      .filter((item) => item.definition.isNotYet)
      .map(
        (item): Problem => ({
          severity: 'not-yet',
          at: item.argument.at,
          subject: item.definition.name,
          message: `ACL ${item.kind} "${item.definition.name}" is not built yet: a statement that reaches it defers`,
        }),
      ),
  );
}

/** What Exim finds when a statement is run, but can be seen already. */
function argumentProblems(acl: ParsedAcl, family: AclFamily): readonly Problem[] {
  return acl.statements.flatMap((statement) =>
    statement.items.flatMap(({ definition, argument }): Problem[] => {
      const { constant, at } = argument.template;
      const problem = constant === undefined ? undefined : definition.problemOf?.(constant, family);
      if (!problem) return [];
      const { severity = 'warning', message, word, known = [] } = problem;
      const suggestion = word === undefined ? undefined : didYouMean(word, known);
      return [{ severity, message, at, subject: definition.name, ...(suggestion === undefined ? {} : { suggestion }) }];
    }),
  );
}

class AclRunner implements Acls {
  readonly #vocabulary: AclVocabulary;
  readonly #controls: ReadonlyMap<string, AclControlDefinition>;
  readonly #compiler: TemplateCompiler;
  /** ACLs that stand in the configuration, by their definition: a reload brings new ones. */
  readonly #named = new WeakMap<Config, Map<string, ParsedAcl>>();
  /** Inline ACLs and files, by text. */
  readonly #texts = new BoundedCache<string, ParsedAcl>(200);

  constructor(family: AclFamily, compiler: TemplateCompiler) {
    this.#vocabulary = makeVocabulary(family);
    this.#controls = new Map(
      family.controls.flatMap((control) => [control.name, ...(control.aliases ?? [])].map((name) => [name, control] as const)),
    );
    this.#compiler = compiler;
  }

  run(where: string, text: Text, args: readonly Text[], frame: Frame): MaybePromise<AclVerdict> {
    frame.session?.state.rates?.command.clear();
    frame.results.logRejectTargets = undefined;
    return chain(this.#run(findPhase(where), text, args, frame, this.#newRun(findPhase(where), 0)), (verdict) => {
      // what is known of an address ends with the ACL
      frame.results.domainData = undefined;
      frame.results.localPartData = undefined;
      delete frame.results.addressData;
      frame.results.senderAddressData = undefined;
      const logTargets = frame.results.logRejectTargets;
      return logTargets === undefined || verdict.kind === 'accept' || verdict.kind === 'discard' ? verdict : { ...verdict, logTargets };
    });
  }

  call(text: Text, args: readonly Text[], frame: Frame): MaybePromise<Outcome<AclCallAnswer>> {
    const phase = frame.aclPhase ?? 'unknown';
    const depth = frame.aclDepth === undefined ? 0 : frame.aclDepth + 1;
    return chain(this.#run(phase, text, args, frame, this.#newRun(phase, depth)), (result) => {
      switch (result.kind) {
        case 'accept':
          return ok({ accepted: true, message: result.message === undefined ? untainted('') : tainted(result.message) });
        case 'fail':
          return ok({
            accepted: false,
            message: result.message === undefined ? untainted('') : tainted(result.message),
            ...(result.isDrop ? { ends: 'drop' } : {}),
          });
        case 'discard':
          return ok({ accepted: false, message: untainted(''), ends: 'discard' });
        case 'defer':
          return defer(result.logMessage ?? result.message ?? 'ACL deferred');
        case 'error':
          return fail(result.logMessage);
      }
    });
  }

  #newRun(phase: AclPhase, depth: number, senderVerify: AclRunState['senderVerify'] = {}): AclRunState {
    return {
      senderVerify,
      depth,
      findControl: (name) => this.#controls.get(name),
      callAcl: (text, args, frame) => this.#run(phase, text, args, frame, this.#newRun(phase, depth + 1, senderVerify)),
    };
  }

  #run(phase: AclPhase, text: Text, args: readonly Text[], frame: Frame, run: AclRunState): MaybePromise<AclRunResult> {
    if (run.depth > MAX_DEPTH) return { kind: 'error', logMessage: 'ACL nested too deep: possible loop' };
    const found = this.#find(text, frame);
    if (found.kind !== 'ok')
      return found.kind === 'forced-fail' ? { kind: 'error', logMessage: 'no ACL' } : { kind: 'error', logMessage: found.message };
    let inner: Frame = withLocal({ ...frame, aclPhase: phase, aclDepth: run.depth }, 'acl_narg', untainted(String(args.length)));
    for (const [index, arg] of args.entries()) inner = withLocal(inner, `acl_arg${index + 1}`, arg);
    for (let index = args.length; index < 9; index++) inner = withLocal(inner, `acl_arg${index + 1}`, untainted(''));
    return runAcl(found.value, phase, inner, run);
  }

  /**
   * By name; a text that names none and begins with / is a file; anything else is an ACL itself. A remote host may write neither of the
   * last two; in mode `strict` nobody may, nor choose the name.
   */
  #find(text: Text, frame: Frame): Outcome<ParsedAcl> {
    const source = text.octets.slice(skipSpace(text.octets, 0));
    if (
      isTainted(text) &&
      (isStrictTaint(frame.config) || (originOf(frame)?.hostAddress !== undefined && !frame.config.acls.has(source)))
    ) {
      frame.services.log.panic(`attempt to use tainted ACL text "${text.octets}"`, mailOf(frame)?.id);
      return fail('internal configuration error');
    }
    const named = this.#namedAcl(source, frame.config);
    if (named) return ok(named);
    if (!source.startsWith('/')) return ok(this.#parseText('', source, 'inline ACL'));
    const content = frame.services.files.readFile(source, MAX_ACL_FILE_BYTES);
    if (content.kind !== 'ok') return fail(`failed to open ACL file "${source}": ${content.reason}`);
    return ok(this.#parseText(source, octetsFromBytes(content.value), source));
  }

  #namedAcl(name: Octets, config: Config): ParsedAcl | undefined {
    const definition = config.acls.get(name);
    if (!definition) return undefined;
    let parsed = this.#named.get(config);
    if (!parsed) this.#named.set(config, (parsed = new Map()));
    let acl = parsed.get(name);
    if (!acl) parsed.set(name, (acl = this.#parse(definition.name, definition.lines)));
    return acl;
  }

  #parseText(name: Octets, text: Octets, file: string): ParsedAcl {
    const key = `${name}\0${text}`;
    let acl = this.#texts.get(key);
    if (!acl) this.#texts.set(key, (acl = this.#parse(name, splitAclText(text, file))));
    return acl;
  }

  #parse(name: Octets, lines: readonly AclLine[]): ParsedAcl {
    return parseAcl(name, lines, this.#vocabulary, this.#compiler);
  }
}

/** One for a process: parsed ACLs are kept for each Config that is in use. */
export function createAcls(family: AclFamily, compiler: TemplateCompiler): Acls {
  return new AclRunner(family, compiler);
}

export interface LazyAcls {
  readonly acls: Acls;
  /** `aclChecker` of the family. */
  check(acl: AclDefinition): Promise<readonly Problem[]>;
}

/** The same with a family that is loaded when the first ACL is checked or run. */
export function createLazyAcls(load: () => Promise<AclFamily>, compiler: TemplateCompiler): LazyAcls {
  let loading: Promise<{ readonly runner: Acls; readonly check: ReturnType<typeof aclChecker> }> | undefined;
  let loaded: Acls | undefined;
  const family = () => {
    loading ??= load().then((definitions) => ({ runner: createAcls(definitions, compiler), check: aclChecker(definitions, compiler) }));
    return loading;
  };
  const runner = (): MaybePromise<Acls> =>
    loaded ??
    family().then((ready) => {
      loaded = ready.runner;
      return loaded;
    });
  return {
    acls: {
      run: (where, text, args, frame) => chain(runner(), (acls) => acls.run(where, text, args, frame)),
      call: (text, args, frame) => chain(runner(), (acls) => acls.call(text, args, frame)),
    },
    check: async (acl) => (await family()).check(acl),
  };
}
