/** The build settings of this program, and what another entry changes in them. */
import { readBuildSettings as readSettings } from '../config/build-settings.ts';
import type { Adaptations, BuildSettings } from '../core/build-settings.ts';
import { assetPath } from '../system/assets.ts';
import type { SystemPorts } from '../system/create-system.ts';

/** The file beside the program that says what Exim has compiled in. */
const SETTINGS_FILE = 'eximius.build';

export async function readBuildSettings(system: SystemPorts, adaptations: Adaptations | undefined): Promise<BuildSettings> {
  const build = readSettings({ files: system.files, accounts: system.accounts, machine: system.machine, path: assetPath(SETTINGS_FILE) });
  return adaptations ? { ...build, ...adaptations.build, adaptations } : build;
}
