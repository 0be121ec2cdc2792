/** `-bP`: what the configuration says. Spec ch. 5 "-bP". */

import { EXIM_VERSION } from '../base/version.ts';
import { printOptions } from '../config/print.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runPrintOptions: ModeRunner = async (context) => {
  const { invocation, io, registry, system, build } = context;
  const opened = await openForMode(context, { keepsLines: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  const [routers, transports, authenticators] = await Promise.all([registry.routers(), registry.transports(), registry.authenticators()]);
  const isValueOnly = invocation.isValueOnly || invocation.words[0] === '-n';
  const headingVersion = build.adaptations?.headingVersion;
  const first = invocation.words.findIndex((word) => word !== '-n');
  const names = first < 0 ? [] : invocation.words.slice(first);
  const printed = printOptions(names, {
    config: runtime.config,
    definitions: { routers, transports, authenticators },
    accounts: system.accounts,
    isAdmin: caller.isAdmin,
    isValueOnly,
    environment: runtime.services.environment,
    lines: runtime.lines,
    version: EXIM_VERSION,
    ...(headingVersion === undefined ? {} : { headingVersion }),
  });
  for (const line of printed.lines) io.stdout.write(`${line}\n`);
  for (const line of printed.errors) io.stderr.write(`${line}\n`);
  opened.close();
  return printed.status;
};
