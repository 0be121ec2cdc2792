/**
 * What somebody who is Exim's user, or any local user, could do to get more: links in the log and spool directories, configurations and macros of their own, command lines for the daemon.
 * Needs root, whom the links would turn into a tool.
 */
import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { submitToDaemon } from '../../src/process/submit/client.ts';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, isRoot, localUser, Place } from '../e2e/support/place.ts';
import { processTree } from '../e2e/support/process-tree.ts';
import { SmtpClient, sendMail } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';

const needsRoot = { skip: isRoot ? false : 'needs root' };
const SECRET = 'only root may read and write this\n';

interface Site {
  readonly place: Place;
  readonly server: MailServer;
  readonly port: number;
}

async function withSite(name: string, act: (site: Site) => Promise<void>): Promise<void> {
  const place = new Place(name);
  const [port = 0] = await freePorts(1);
  const config = `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    acl_smtp_rcpt: 'rcpt',
    received_headers_max: 30,
    message_logs: 'true',
  })}
begin acl
rcpt:
  deny local_parts = refused
  accept
begin routers
later:
  driver = redirect
  local_parts = later
  data = :defer: not now
gone:
  driver = redirect
  data = :blackhole:
begin retry
* * F,1h,1m
`;
  const server = new MailServer(place, config);
  try {
    await act({ place, server, port });
  } finally {
    await server.stop();
    place.remove();
  }
}

/** A file of root outside of what is Exim's, and a way to see that nobody touched it. */
function makeVictim(place: Place): { readonly file: string; readonly directory: string; assertUntouched(after: string): void } {
  const directory = place.path('root');
  mkdirSync(directory, { mode: 0o700 });
  const file = join(directory, 'secret');
  writeFileSync(file, SECRET, { mode: 0o600 });
  return {
    file,
    directory,
    assertUntouched: (after) => {
      assert.equal(readFileSync(file, 'latin1'), SECRET, after);
      const { uid, mode, nlink } = statSync(file);
      assert.deepEqual([uid, mode & 0o777, nlink], [0, 0o600, nlink], after);
      assert.deepEqual(readdirSync(directory), ['secret'], after);
      assert.equal(statSync(directory).uid, 0, after);
    },
  };
}

function asMail(place: Place, path: string): string {
  chownSync(path, place.account.uid, place.account.gid);
  return path;
}

/** Everything that writes to logs and spool, by the daemon and by command lines of root. */
async function useAll({ server, port }: Site): Promise<void> {
  await sendMail(port, 'a@site.test', ['b@site.test'], 'Subject: x\n\nx\n').catch(() => '');
  await sendMail(port, 'a@site.test', ['later@site.test'], 'Subject: x\n\nx\n').catch(() => '');
  await sendMail(port, 'a@site.test', ['refused@site.test'], 'Subject: x\n\nx\n').catch(() => '');
  await server.exim(['-odi', 'b@site.test'], { input: 'Subject: x\n\nx\n' });
  await server.exim(['-odq', 'later@site.test'], { input: 'Subject: x\n\nx\n' });
  await server.exim(['-qff']);
  const [first] = await server.queue().catch(() => []);
  if (first !== undefined) await server.exim(['-Mrm', first]);
}

test('links in the log directory lead root nowhere', needsRoot, () =>
  withSite('log-links', async (site) => {
    const { place, server } = site;
    const victim = makeVictim(place);
    await server.start();
    const toFile = (path: string) => symlinkSync(victim.file, path);
    const toNew = (path: string) => symlinkSync(join(victim.directory, 'new'), path);
    const hard = (path: string) => linkSync(victim.file, path);
    for (const [name, links] of [
      ['symbolic links', [toFile, toFile, toFile]],
      ['other links', [toNew, hard, toNew]],
      ['other links the other way round', [hard, toNew, hard]],
    ] as const) {
      for (const [index, log] of ['mainlog', 'rejectlog', 'paniclog'].entries()) {
        rmSync(place.path('log', log), { force: true });
        links[index]?.(place.path('log', log));
      }
      await useAll(site);
      const worker = processTree(server.pid).find(({ role }) => role === 'worker')?.pid ?? 0;
      process.kill(worker, 'SIGKILL'); // the supervisor has something for the panic log
      await waitFor('another worker', () => processTree(server.pid).some(({ role, pid }) => role === 'worker' && pid !== worker));
      await waitFor('it accepts', () =>
        SmtpClient.open(site.port)
          .then((client) => {
            client.close();
            return true;
          })
          .catch(() => false),
      );
      victim.assertUntouched(name);
    }
    await server.stop();
    victim.assertUntouched('the end');
    await server.start().catch(() => {});
    victim.assertUntouched('a start');
  }),
);

test('a log directory that became a link leads root nowhere', needsRoot, () =>
  withSite('log-directory', async (site) => {
    const { place, server } = site;
    const victim = makeVictim(place);
    renameSync(place.path('log'), place.path('log.old'));
    symlinkSync(victim.directory, place.path('log'));
    await server.start().catch(() => {});
    await useAll(site);
    victim.assertUntouched('use');
    rmSync(place.path('log'));
  }),
);

test('links in the spool lead root nowhere', needsRoot, () =>
  withSite('spool-links', async (site) => {
    const { place, server } = site;
    const victim = makeVictim(place);
    await server.start();
    await useAll(site);
    await server.stop();
    for (const name of ['input', 'msglog', 'db']) {
      rmSync(place.path('spool', name), { recursive: true, force: true });
      symlinkSync(victim.directory, place.path('spool', name));
    }
    await server.start().catch(() => {});
    await useAll(site);
    victim.assertUntouched('directories');
    await server.stop();
    for (const name of ['input', 'msglog', 'db']) {
      rmSync(place.path('spool', name));
      asMail(place, place.folder(`spool/${name}`));
    }
    const id = '1abcde-00000000001-0001';
    for (const suffix of ['-H', '-D', '-J']) symlinkSync(victim.file, place.path('spool/input', id + suffix));
    symlinkSync(victim.file, place.path('spool/msglog', id));
    for (const file of ['eximius.sqlite', 'eximius.sqlite-wal', 'eximius.sqlite-shm'])
      symlinkSync(victim.file, place.path('spool/db', file));
    await server.start().catch(() => {});
    await useAll(site);
    for (const action of ['-Mvh', '-Mvb', '-Mvl', '-Mvc']) {
      const { stdout } = await server.exim([action, id]);
      assert.ok(!stdout.includes(SECRET), `${action} shows a file of root`);
    }
    await server.exim(['-Mrm', id]);
    await server.exim(['-Mf', id]);
    victim.assertUntouched('files');
  }),
);

test('the file with the process id is the administrator’s, and no link is followed to it', needsRoot, () =>
  withSite('pid-link', async ({ place, server }) => {
    const victim = makeVictim(place);
    const path = place.path('exim.pid');
    symlinkSync(victim.file, path);
    await server.start().catch(() => {});
    victim.assertUntouched('a start');
    assert.ok(existsSync(path));
  }),
);

test('configurations and macros of other users are theirs alone', needsRoot, async () => {
  const place = new Place('own-configuration');
  try {
    const victim = makeVictim(place);
    const user = localUser();
    const ids = { uid: user.uid, gid: user.gid };
    const read = `\${readfile{${victim.file}}}`;
    const server = new MailServer(place, `${placeOptions(place)}.ifdef EVIL\nacl_not_smtp = accept\n.endif\n`);
    const own = await server.exim(['-be', read], { ids });
    assert.doesNotMatch(own.stdout + own.stderr, /only root may/);
    const macro = await server.exim(['-DEVIL=1', '-be', read], { ids });
    assert.doesNotMatch(macro.stdout + macro.stderr, /only root may/);
    const run = await server.exim(['-be', `\${run{/usr/bin/id -u}}`], { ids });
    assert.equal(run.stdout.trim(), String(user.uid), run.stderr);
    const unreadable = await server.run('exim', ['-C', victim.file, '-bV'], { ids });
    assert.notEqual(unreadable.status, 0);
    assert.doesNotMatch(unreadable.stdout + unreadable.stderr, /only root may/, 'a file that is no configuration is not shown in errors');
  } finally {
    place.remove();
  }
});

test('the daemon runs no command line with a configuration of its caller, and no mode but those for messages', needsRoot, () =>
  withSite('submission', async ({ place, server }) => {
    const victim = makeVictim(place);
    await server.start();
    const evil = place.file('etc/evil.conf', `log_file_path = ${victim.file}\n`);
    for (const args of [
      ['-C', evil, '-bp'],
      [`-C${evil}`, '-bp'],
      ['-DEVIL=1', '-bp'],
      ['-be', `\${readfile{${victim.file}}}`],
      ['-bd'],
      ['-bt', 'a@b'],
      ['-bP', 'all'],
      ['-bh', '192.0.2.1'],
      ['-d', '-C', evil, '-bp'],
    ]) {
      let output = '';
      const status = await submitToDaemon(place.path('spool/eximius-control'), {
        calledAs: 'exim',
        args,
        stdin: { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) },
        stdout: { write: (text) => (output += text) },
        stderr: { write: (text) => (output += text) },
      });
      assert.equal(status, 1, args.join(' '));
      assert.equal(output, 'exim: this is not for the daemon\n', args.join(' '));
    }
    assert.ok(lstatSync(place.path('spool/eximius-control')).isSocket());
    assert.equal(statSync(place.path('spool/eximius-control')).mode & 0o777, 0o600);
    victim.assertUntouched('all');
  }),
);
