/**
 * `control = debug`: the steps of one session in a file of its own, at once or from a trigger on, then with what went before.
 * Spec ch. 44 "Use of the control modifier".
 */
import type { Octets } from '../base/octets.ts';
import type { Log, SessionDebug, SessionDebugOptions } from '../core/ports.ts';
import { parseDebugCategories } from './debug-categories.ts';

export class DebugRecorder implements SessionDebug {
  readonly log: Log;
  readonly #base: Log;
  readonly #suffix: Octets;
  #options: SessionDebugOptions;
  #isActive = true;
  #isTriggered: boolean;
  /** Not yet in the file; before the trigger only as much as fits. */
  #lines: Octets[] = [];
  #keptBytes = 0;
  #isScheduled = false;

  /** `suffix` follows `debuglog` in the name of the file. */
  constructor(base: Log, suffix: Octets, options: SessionDebugOptions) {
    this.#base = base;
    this.#suffix = suffix;
    this.#options = { ...options, categories: options.categories ?? parseDebugCategories('') };
    this.#isTriggered = isTriggeredAtOnce(options);
    this.log = this.#noting();
  }

  change(options: SessionDebugOptions): void {
    this.#options = {
      categories: options.categories ?? this.#options.categories,
      pretriggerBytes: options.pretriggerBytes ?? this.#options.pretriggerBytes,
      trigger: options.trigger ?? this.#options.trigger,
    };
    this.#isActive = true;
    if (isTriggeredAtOnce(this.#options)) this.#trigger();
  }

  stop(): void {
    if (this.#isTriggered) this.#write();
    this.#isActive = false;
    this.#lines = [];
    this.#keptBytes = 0;
  }

  kill(): void {
    this.#isTriggered = false;
    this.stop();
    this.#base.removeDebug?.(this.#suffix);
  }

  /** What is logged is logged, and noted. */
  #noting(): Log {
    const base = this.#base;
    const note = (files: string, line: Octets) => this.#note(`LOG: ${files}\n  ${line}`);
    return {
      main: (line, id) => {
        note('MAIN', line);
        base.main(line, id);
      },
      reject: (line, headers, id) => {
        note('REJECT', line);
        base.reject(line, headers, id);
      },
      mainAndReject: (line, headers, id) => {
        note('MAIN REJECT', line);
        base.mainAndReject(line, headers, id);
      },
      panic: (line, id) => {
        note('MAIN PANIC', line);
        if (this.#options.trigger === 'paniclog') this.#trigger();
        base.panic(line, id);
      },
      panicOnly: (line, id) => {
        note('PANIC', line);
        if (this.#options.trigger === 'paniclog') this.#trigger();
        if (base.panicOnly) base.panicOnly(line, id);
        else base.panic(line, id);
      },
      debug: (category, text) => {
        if (this.#isWanted(category)) this.#note(text());
        base.debug(category, text);
      },
      isDebug: (category) => this.#isWanted(category) || base.isDebug(category),
      selected: (selector) => base.selected(selector),
      flush: () => base.flush(),
      written: () => base.written(),
    };
  }

  #isWanted(category: string): boolean {
    return this.#isActive && this.#options.categories?.has(category) === true;
  }

  #note(text: Octets): void {
    if (!this.#isActive) return;
    const line = text.endsWith('\n') ? text : `${text}\n`;
    this.#lines.push(line);
    if (this.#isTriggered) this.#schedule();
    else this.#dropOldest(line.length);
  }

  #dropOldest(added: number): void {
    this.#keptBytes += added;
    const limit = this.#options.pretriggerBytes ?? 0;
    while (this.#keptBytes > limit) this.#keptBytes -= this.#lines.shift()?.length ?? this.#keptBytes;
  }

  #trigger(): void {
    this.#isTriggered = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isTriggered) this.#write();
    });
  }

  #write(): void {
    const text = this.#lines.join('');
    this.#lines = [];
    if (text !== '') this.#base.appendDebug?.(this.#suffix, text);
  }
}

function isTriggeredAtOnce({ pretriggerBytes, trigger }: SessionDebugOptions): boolean {
  return pretriggerBytes === undefined || trigger === 'now';
}
