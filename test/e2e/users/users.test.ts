/** Started by root: what is a user's (.forward, pipes, files, mailboxes) is touched with that user's ids and groups, and with nothing else. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { MailServer, placeOptions, runCommand } from '../support/mail-server.ts';
import { type Account, freePorts, isRoot, localUser, Place } from '../support/place.ts';
import { sendMail } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const HOST = 'mail.site.test';
const FROM = 'someone@sender.test';

const CONFIG = `
primary_hostname = ${HOST}
domainlist local_domains = @
acl_smtp_rcpt = check
never_users = root

begin acl
check:
  accept domains = +local_domains
         verify = recipient
  deny   message = relay not permitted

begin routers

userforward:
  driver = redirect
  check_local_user
  file = HOME/$local_part_data/.forward
  file_transport = address_file
  pipe_transport = address_pipe

with_groups:
  driver = accept
  local_part_suffix = -groups
  check_local_user
  initgroups
  transport = record

as_root:
  driver = accept
  local_parts = asroot
  transport = root_file

localuser:
  driver = accept
  check_local_user
  transport = mbox

begin transports

address_file:
  driver = appendfile

address_pipe:
  driver = pipe

record:
  driver = pipe
  command = RECORD $local_part$local_part_suffix

mbox:
  driver = appendfile
  file = MAIL/$local_part_data

root_file:
  driver = appendfile
  file = MAIL/root
  user = root

begin retry
*  *  F,1h,15m
`;

/** Writes the ids of a process to a file of its own, which is there when it is complete. */
const RECORD = `#!/bin/sh
cat > /dev/null
{ grep -E '^(Uid|Gid|Groups):' /proc/self/status; pwd; umask; env | sort; } > OUT/.$1
mv OUT/.$1 OUT/$1
`;

class UsersSite {
  readonly place = new Place('users');
  readonly server: MailServer;
  readonly user: Account = localUser();
  readonly record: string;
  readonly port: number;

  constructor(port: number) {
    const { place, user } = this;
    this.port = port;
    mkdirSync(place.path('out'));
    chmodSync(place.path('out'), 0o1777);
    chmodSync(place.path('mail'), 0o1777);
    this.record = place.file('bin/record', RECORD.replaceAll('OUT', place.path('out')), 0o755);
    for (const name of ['home', `home/${user.name}`]) mkdirSync(place.path(name));
    chmodSync(place.path('home'), 0o755);
    const macros = `HOME = ${place.path('home')}\nMAIL = ${place.path('mail')}\nRECORD = ${this.record}\n`;
    this.server = new MailServer(place, macros + placeOptions(place, { daemon_smtp_ports: port }) + CONFIG);
  }

  /** The user's own file, which nobody else can read. */
  userFile(name: string, text: string): void {
    const { place, user } = this;
    const home = place.path('home', user.name);
    const path = place.file(`home/${user.name}/${name}`, text, 0o600);
    chownSync(path, user.uid, user.gid);
    chownSync(home, user.uid, user.gid);
    chmodSync(home, 0o700);
  }

  /** What a recorded process was. */
  recorded(name: string): Promise<string> {
    const seen = () => `${name} to be recorded\n${this.server.log()}\n${this.server.log('panic')}`;
    return waitFor(seen, () => existsSync(this.place.path('out', name)) && this.place.read(`out/${name}`));
  }
}

test("a user's files and programs", { skip: isRoot ? false : 'needs root' }, async (context) => {
  const [port = 0] = await freePorts(1);
  const site = new UsersSite(port);
  const { server, place, user } = site;
  const text = 'Subject: test\n\nA line.\n';
  const address = `${user.name}@${HOST}`;
  const ids = (gid: number, groups: string) =>
    `Uid:\\t${user.uid}\\t${user.uid}\\t${user.uid}\\t${user.uid}\\nGid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}\\nGroups:\\t${groups} \\n`;
  const owner = (path: string) => {
    const { uid, gid, mode } = statSync(path);
    return { uid, gid, mode: mode & 0o7777 };
  };

  try {
    await server.start();

    await context.test('a mailbox', async () => {
      assert.match(await sendMail(port, FROM, [address], text), /^250 OK/);
      await waitFor(
        () => server.log() + server.log('panic'),
        () => place.read(`mail/${user.name}`) !== '',
      );
      assert.deepEqual(owner(place.path('mail', user.name)), { uid: user.uid, gid: user.gid, mode: 0o600 });
    });

    await context.test('.forward (0600, in a home that is 0700), a pipe and a file in it', async () => {
      site.userFile('.forward', `"|${site.record} pipe"\n${place.path('home', user.name, 'saved')}\n`);
      const exim = await runCommand('/bin/cat', [place.path('home', user.name, '.forward')], { ids: place.account });
      assert.notEqual(exim.status, 0, "Exim's own account must not be able to read it");
      assert.match(await sendMail(port, FROM, [address], text), /^250 OK/);
      const recorded = await site.recorded('pipe');
      assert.match(recorded, new RegExp(`^${ids(user.gid, String(user.gid))}`));
      assert.match(recorded, new RegExp(`^LOCAL_PART=${user.name}$`, 'm'));
      const saved = place.path('home', user.name, 'saved');
      await waitFor(
        () => server.log() + server.log('panic'),
        () => existsSync(saved),
      );
      assert.deepEqual(owner(saved), { uid: user.uid, gid: user.gid, mode: 0o600 });
      await server.waitForLog(new RegExp(`=> \\|${site.record} pipe <${address}> R=userforward T=address_pipe$`));
      await server.waitForLog(new RegExp(`=> ${saved} <${address}> R=userforward T=address_file$`));
    });

    await context.test('initgroups gives the groups that the user has, and no others', async () => {
      const { stdout } = await runCommand('id', ['-G', user.name]);
      const groups = stdout
        .trim()
        .split(' ')
        .map(Number)
        .sort((a, b) => a - b);
      assert.match(await sendMail(port, FROM, [`${user.name}-groups@${HOST}`], text), /^250 OK/);
      const recorded = await site.recorded(`${user.name}-groups`);
      assert.match(recorded, new RegExp(`^${ids(user.gid, groups.join(' '))}`));
    });

    await context.test("another user's file is not included", async () => {
      const secret = place.file('secret', `"|${site.record} stolen"\n`, 0o600);
      site.userFile('.forward', `:include:${secret}\n`);
      assert.equal(await sendMail(port, FROM, [address], text), '451 Temporary local problem - please try later');
      await server.waitForLog(
        new RegExp(
          `rejected RCPT <${address}>: error in redirect file: failed to open included file ${secret}: ` +
            `Permission denied \\(euid=${user.uid} egid=${user.gid}\\)$`,
        ),
      );
      assert.equal(existsSync(place.path('out/stolen')), false);
    });

    await context.test('an unreadable .forward defers, whoever could read it', async () => {
      chmodSync(place.path('home', user.name, '.forward'), 0o000);
      chownSync(place.path('home', user.name), 0, 0);
      assert.equal(await sendMail(port, FROM, [address], text), '451 Temporary local problem - please try later');
      await server.waitForLog(
        new RegExp(
          `temporarily rejected RCPT <${address}>: failed to open \\S+/\\.forward: Permission denied \\(euid=${user.uid} egid=${user.gid}\\)$`,
        ),
      );
    });

    await context.test('never as root', async () => {
      assert.match(await sendMail(port, FROM, [`asroot@${HOST}`], text), /^250 OK/);
      await server.waitForLog(
        /== asroot@mail\.site\.test R=as_root T=root_file defer \(-29\): User 0 set for root_file transport is on the never_users list$/,
      );
      assert.equal(existsSync(place.path('mail/root')), false);
    });

    await context.test("no program for root, whatever root's .forward says", async () => {
      mkdirSync(place.path('home/root'), { mode: 0o755 });
      place.file('home/root/.forward', `"|${site.record} rootpipe"\n`);
      assert.match(await sendMail(port, FROM, [`root@${HOST}`], text), /^250 OK/);
      await server.waitForLog(
        new RegExp(
          `== \\|${site.record} rootpipe <root@${HOST}> R=userforward T=address_pipe defer \\(-29\\): ` +
            'User 0 set for address_pipe transport is on the never_users list$',
        ),
      );
      assert.equal(existsSync(place.path('out/rootpipe')), false);
    });

    await context.test('workers are the mail account, with nothing of root', async () => {
      const { stdout } = await runCommand('ps', ['-o', 'pid=,args=', '--ppid', String(server.pid)]);
      const worker = /^ *(\d+) .*--eximius-role=worker/m.exec(stdout)?.[1] ?? '';
      const status = await runCommand('grep', ['-E', '^(Uid|Gid|Groups|CapEff|CapPrm):', `/proc/${worker}/status`]);
      const { uid, gid } = place.account;
      assert.match(
        status.stdout,
        new RegExp(
          `^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}\\nGid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}\\nGroups:\\t(?!.*\\b0\\b).*\\nCapPrm:\\t0+\\nCapEff:\\t0+\\n`,
        ),
      );
    });
  } finally {
    await server.stop();
    place.remove();
  }
});
