/** Exim's other programs that this one is, by name; each is loaded when it is called. Spec ch. 54 "Exim utilities". */
import type { Octets } from '../base/octets.ts';
import type { Files } from '../core/ports.ts';
import { SystemFiles } from '../system/files.ts';
import { Native } from '../system/native.ts';
import { standardInput, standardOutput } from '../system/standard-streams.ts';
import type { ToolIo } from '../tools/exim_dbmbuild.ts';

type Tool = (args: readonly Octets[], io: ToolIo, files: Files) => Promise<number>;

const tools: ReadonlyMap<string, () => Promise<Tool>> = new Map([
  ['exim_dbmbuild', async () => (await import('../tools/exim_dbmbuild.ts')).runEximDbmbuild],
  ['exim_tidydb', async () => (await import('../tools/exim_tidydb.ts')).runEximTidydbTool],
  ['exim_fixdb', async () => (await import('../tools/exim_fixdb.ts')).runEximFixdbTool],
  ['exim_msgdate', async () => (await import('../tools/exim_msgdate.ts')).runEximMsgdate],
  ['exim_dumpdb', async () => (await import('../tools/exim_dumpdb.ts')).runEximDumpdbTool],
]);

const EX_UNAVAILABLE = 69;

/** The exit status. */
export async function runTool(name: string, args: readonly Octets[]): Promise<number> {
  const tool = await tools.get(name)?.();
  if (!tool) {
    standardOutput(2).write(`${name}: not built yet\n`);
    return EX_UNAVAILABLE;
  }
  const io: ToolIo = { stdin: standardInput(), stdout: standardOutput(1), stderr: standardOutput(2) };
  return tool(args, io, new SystemFiles(new Native()));
}
