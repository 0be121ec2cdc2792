/** Runs a command in a process group of its own, that can be ended as a whole when it takes too long. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly deadlineMs: number;
  /** Its output goes where ours goes, and is not returned. */
  readonly isShown: boolean;
}

export interface CommandResult {
  readonly isOk: boolean;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** Never fails: that a command could not be started, or was ended by the deadline, is said in the output. */
export function runCommand(
  directory: string,
  command: string,
  args: readonly string[],
  { deadlineMs, isShown }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: directory,
      stdio: ['ignore', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
      detached: true,
    });
    let output = '';
    const say = (text: string): void => {
      if (isShown) process.stderr.write(text);
      else output += text;
    };
    child.stdout?.setEncoding('utf8').on('data', say);
    child.stderr?.setEncoding('utf8').on('data', say);
    const end = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      say(`\n${command} did not end within ${deadlineMs / 1000} s\n`);
      end();
    }, deadlineMs);
    // In a group of its own it does not get the terminal's signals.
    const stop = (): void => {
      end();
      process.exit(130);
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const finish = (isOk: boolean): void => {
      clearTimeout(timer);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve({ isOk, output });
    };
    child.on('error', (error) => {
      say(`${command}: ${error.message}\n`);
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}
