/** Variables of the configuration, the program and the machine. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../../core/frame.ts';
import { type Text, untainted } from '../../core/text.ts';
import { numberVariable, octetsVariable, variable } from '../reading.ts';

export default [
  octetsVariable(
    'primary_hostname',
    'The name of this host.',
    (frame) => frame.config.main.primary_hostname ?? frame.services.machine.hostName,
  ),
  octetsVariable('qualify_domain', 'The domain that unqualified addresses get.', qualifyDomain),
  octetsVariable(
    'qualify_recipient',
    'The domain that unqualified recipients get.',
    (frame) => frame.config.main.qualify_recipient ?? qualifyDomain(frame),
  ),
  octetsVariable('spool_directory', 'The spool directory.', (frame) => frame.config.startup.spoolDirectory),
  octetsVariable('config_file', 'The main configuration file.', (frame) => frame.config.files[0]?.path),
  octetsVariable('config_dir', 'The directory of the main configuration file.', (frame) => directoryOf(frame.config.files[0]?.path)),
  octetsVariable('exim_path', 'The path of the program.', (frame) => frame.config.main.exim_path ?? frame.config.build.eximPath),
  numberVariable('exim_uid', 'The uid of the Exim user.', (frame) => frame.config.startup.eximUid),
  numberVariable('exim_gid', 'The gid of the Exim user.', (frame) => frame.config.startup.eximGid),
  octetsVariable('exim_version', 'The version of Exim that this program is.', (frame) => frame.config.main.exim_version),
  octetsVariable('version_number', 'The version of Exim that this program is.', (frame) => frame.config.main.exim_version),
  variable('compile_number', 'How often the program was built.', () => untainted('1')),
  variable('localhost_number', 'The expanded option localhost_number.', (frame) =>
    untainted(String(frame.config.startup.localhostNumber ?? 0)),
  ),
  numberVariable('bounce_return_size_limit', 'The option bounce_return_size_limit.', (frame) => frame.config.main.bounce_return_size_limit),
  numberVariable('return_size_limit', 'Older name of $bounce_return_size_limit.', (frame) => frame.config.main.bounce_return_size_limit),
  numberVariable('pid', 'The process.', (frame) => frame.services.machine.pid),
  numberVariable('load_average', 'The load average, in thousandths.', (frame) => Math.round(frame.services.machine.loadAverage() * 1000)),
  numberVariable('spool_space', 'Free space in KiB for the spool.', (frame) => freeSpace(frame, frame.config.startup.spoolDirectory).kib),
  numberVariable('spool_inodes', 'Free inodes for the spool.', (frame) => freeSpace(frame, frame.config.startup.spoolDirectory).inodes),
  numberVariable('log_space', 'Free space in KiB for the log.', (frame) => freeSpace(frame, logDirectory(frame)).kib),
  numberVariable('log_inodes', 'Free inodes for the log.', (frame) => freeSpace(frame, logDirectory(frame)).inodes),
  variable('queue_size', 'How many messages are queued, while a daemon runs; counted once a minute.', (frame) => {
    const size = frame.services.queueSize?.(frame.until);
    return size instanceof Promise ? size.then(textOfSize) : textOfSize(size);
  }),
  octetsVariable('initial_cwd', 'The directory in which the program was started.', (frame) =>
    frame.services.machine.environment().get('PWD'),
  ),
];

function textOfSize(size: number | undefined): Text | undefined {
  return size === undefined ? undefined : untainted(String(size));
}

function qualifyDomain(frame: Frame): Octets | undefined {
  return frame.config.main.qualify_domain ?? frame.config.main.primary_hostname ?? frame.services.machine.hostName;
}

function directoryOf(path: Octets | undefined): Octets | undefined {
  if (path === undefined) return undefined;
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

function freeSpace(frame: Frame, path: Octets) {
  return frame.services.machine.freeSpace(path);
}

/** Of the first log that is a file; the spool's own when there is none. */
function logDirectory(frame: Frame): Octets {
  const { logFilePath, spoolDirectory } = frame.config.startup;
  const path = logFilePath
    .split(':')
    .find((item) => item.includes('/'))
    ?.replace(/^[\t ]+/, '');
  return directoryOf(path) ?? spoolDirectory;
}
