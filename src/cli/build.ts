/** The build settings of this program, and what another entry changes in them. */
import { type Octets, octetsFromUnicode } from '../base/octets.ts';
import { readBuildSettings as readSettings } from '../config/build-settings.ts';
import type { Adaptations, BuildSettings } from '../core/build-settings.ts';
import { assetPath } from '../system/assets.ts';
import type { SystemPorts } from '../system/create-system.ts';

/** The file beside the program that says what Exim has compiled in. */
const SETTINGS_FILE = 'eximius.build';

export async function readBuildSettings(system: SystemPorts, adaptations: Adaptations | undefined): Promise<BuildSettings> {
  const settings = readSettings({
    files: system.files,
    accounts: system.accounts,
    machine: system.machine,
    path: assetPath(SETTINGS_FILE),
  });
  const build = settings.eximPath === '' ? { ...settings, eximPath: ownPath(system) } : settings;
  return adaptations ? { ...build, ...adaptations.build, adaptations } : build;
}

/** The launcher beside the program; from the sources, the script that runs. */
function ownPath({ files }: SystemPorts): Octets {
  const launcher = octetsFromUnicode(assetPath('bin/exim'));
  return files.access(launcher, 'execute').kind === 'ok' ? launcher : octetsFromUnicode(process.argv[1] ?? '');
}
