/** For tests of the agent: what runs in its children. */
import { attachedStream } from '../../system/attached-process.ts';
import { SystemFiles } from '../../system/files.ts';
import { Native } from '../../system/native.ts';
import { runAgentChild } from './child.ts';
import { testRuntime } from './test-transports.ts';

const loadRuntime = async () => ({ kind: 'ok' as const, runtime: testRuntime() });
await runAgentChild({ stream: attachedStream(), files: new SystemFiles(new Native()), loadRuntime });
process.exit(0);
