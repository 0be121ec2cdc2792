/** What is fuzzed: every parser of octets that others wrote. Each takes any input without a throw, in bounded time and memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import dnsPacket from 'dns-packet';
import { builtin } from '../../src/builtin.ts';
import { checkConfig } from '../../src/config/check.ts';
import { loadConfigText } from '../../src/config/load.ts';
import { fail } from '../../src/core/outcome.ts';
import { untainted } from '../../src/core/text.ts';
import { buildCdb } from '../../src/lookups/cdb-file.ts';
import { parseAddressList } from '../../src/message/address.ts';
import { parseRedirectList } from '../../src/routers/redirect/list.ts';
import { parseCommand, parseMailArgument, parseRcptArgument } from '../../src/smtp/command.ts';
import { parseHeaderFile } from '../../src/spool/header-file.ts';
import { decodeResponse } from '../../src/system/dns-message.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeAccounts, FakeMachine } from '../../src/system/fakes/host.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { testBuild, testLocation } from '../../src/system/fakes/services.ts';
import { RegexEngine } from '../../src/system/regex.ts';
import { type ExpansionBench, openExpansionBench } from '../differential/expansion-bench.ts';
import { dkim } from './dkim-target.ts';
import { mime } from './mime.ts';
import { spf } from './spf.ts';

export interface Target {
  readonly name: string;
  /** Octets. */
  readonly seeds: readonly string[];
  /** Pieces that mean something to the parser. */
  readonly words: readonly string[];
  readonly run: (input: string) => Promise<void> | void;
}

/** The engine with nothing that leaves the process. The log is emptied at each new frame. */
async function openBench(files: MemoryFiles = new MemoryFiles()): Promise<ExpansionBench> {
  const log = new FakeLog();
  const absent = { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' } as const;
  const bench = await openExpansionBench({
    files,
    log,
    perl: { call: async () => fail('no Perl'), start: async () => fail('no Perl') },
    modules: { load: async () => absent },
  });
  return {
    ...bench,
    frame: (overrides) => {
      log.lines.length = 0;
      return bench.frame(overrides);
    },
  };
}

const root = join(import.meta.dirname, '../..');

export async function openTargets(): Promise<readonly Target[]> {
  const parts = await Promise.all([openConfig(), openExpansion(), openLists(), openLookups()]);
  return [...parts, dns, dkim, spool, addresses, commands, mime, spf].map((target) => ({
    ...target,
    seeds: [...target.seeds, ...keptSeeds(target.name)],
  }));
}

/** Inputs that were once found to break something. */
function keptSeeds(name: string): readonly string[] {
  const folder = join(import.meta.dirname, 'seeds', name);
  return existsSync(folder) ? readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1')) : [];
}

// ---------------------------------------------------------------- configuration

async function openConfig(): Promise<Target> {
  const bench = await openBench();
  const regexes = new RegexEngine();
  const [routers, acl] = await Promise.all([builtin.routers(), builtin.acl()]);
  const run = async (text: string): Promise<void> => {
    const files = new MemoryFiles({ files: { '/etc/more.conf': 'primary_hostname = x\n' } });
    const loaded = await loadConfigText(text, {
      macros: [['PREDEFINED', 'x']],
      build: testBuild,
      registry: builtin,
      compiler: bench.expander,
      files,
      accounts: new FakeAccounts(),
      machine: new FakeMachine(),
    });
    if (loaded.kind === 'ok') checkConfig(loaded.config, { files, regexes, compiler: bench.expander, routers, acl });
  };
  return {
    name: 'config',
    seeds: [
      readFileSync(join(root, 'config/default.conf'), 'latin1'),
      'M = a\nM == b\\\n  c\n.ifdef M\nprimary_hostname = M\n.elifdef N\n.else\n.endif\n.include /etc/more.conf\nhide domainlist a = <; x ; y\n',
      'begin retry\n* quota_3d senders=: F,1h,1m; G,2h,1m,1.5\nbegin rewrite\n*@a $1@b EFq\n"x y" "z" S\nbegin authenticators\np:\n  driver = plaintext\n  server_condition = ${if eq{$auth1}{x}}\n',
    ],
    words: [
      '\n',
      '\\\n',
      '\n# x\n',
      '.ifdef ',
      '.endif\n',
      '.include ',
      'begin acl\n',
      'begin routers\n',
      ' = ',
      'hide ',
      'no_',
      '"',
      '\\x',
      '<',
      ':',
      '${',
      '}',
      '\r\n',
      '== ',
      '99999999999',
      '-1',
      '5K',
      '1w2d',
      '\0',
      '_',
      'PREDEFINED',
      'driver = accept\n',
    ],
    run,
  };
}

// ---------------------------------------------------------------- expansions, lists

async function openExpansion(): Promise<Target> {
  const bench = await openBench();
  return {
    name: 'expansion',
    seeds: [
      '${if and{{match{$1}{^a(.*)\\$}}{!eq{a}{b}}}{${uc:x}}{${sg{abc}{b}{\\$0}}}}',
      '${map{<; a ; b}{${lc:$item}}} ${reduce {<, 1,2}{0}{${eval:$value+$item}}} ${sort{3:1}{<}{$item}} ${filter{a:b}{eq{$item}{a}}}',
      '${extract json{a}{{"a":[1,{"b":2}]}}} ${extract{2}{:}{a:b:c}} ${listextract{-1}{a:b}} ${tr{abc}{a-c}{x}} ${hash_3:abc} ${substr_-2_1:abc}',
      '${lookup{a}lsearch{/f}{$value}fail} ${run{/bin/x a}{y}} ${hmac{md5}{k}{d}} ${base64:a}${rfc2047:\xe9}${escape:\x01}${time_interval:999999}',
      '${eval10:1+(2*3)<<4|~5&6^7%3} ${mask:192.168.1.1/24} ${ipv6norm:::1} ${utf8clean:\xff} ${imapfolder{a/b}{/}{x}}',
    ],
    words: [
      '${',
      '}',
      '{',
      '$',
      '\\',
      '\\N',
      ':',
      '_',
      '${if ',
      'eq',
      'fail',
      '$h_x:',
      '$value',
      '-9223372036854775808',
      '0x',
      '\0',
      '\xff',
      '(',
      '[',
      ',',
      '<;',
      '!',
      '${perl{x}}',
      '${acl{foo}{a}}',
      '${expand:',
    ],
    run: async (text) => {
      const template = bench.expander.template(text, testLocation, 'fuzz');
      template.problems();
      await template.evaluate(bench.frame());
    },
  };
}

async function openLists(): Promise<Target> {
  const bench = await openBench(new MemoryFiles({ files: { '/f': 'a.example: 1\n*.b.example\n' } }));
  return {
    name: 'list',
    seeds: [
      'a.example : !*.b.example : ^x.*\\$ : +local_domains : lsearch;/f : @ : @[] : @mx_any/ignore=127.0.0.1',
      '<; ::1 ; 192.0.2.0/24 ; !10.0.0.0/8 ; net24-lsearch;/f ; *.example ; +own_hosts ; @[]',
      'a@b.example : *@c.example : ^.*@d\\$ : "quo ted"@e : +friends : @@lsearch;/f : lsearch*@;/f :',
      '<\n a ::b: c::\n +caseful : +include_unknown : /f : partial2-lsearch;/f',
    ],
    words: [
      ':',
      '::',
      '<;',
      '<\n ',
      '!',
      '*',
      '^',
      '@',
      '@@',
      '+',
      '/',
      ';',
      'lsearch;/f',
      'net-',
      'partial(x)-',
      '@mx_secondary',
      '[',
      '(',
      '"',
      '\\',
      '::1',
      '1.2.3.4/33',
      '\0',
      '\xff',
      '+ignore_defer',
      '+local_domains',
    ],
    run: async (text) => {
      const frame = bench.frame();
      const list = untainted(text);
      const { lists } = frame.services;
      await lists.matchDomain(list, untainted('x.a.example'), frame);
      await lists.matchLocalPart(list, untainted('alice'), frame, false);
      await lists.matchAddress(list, untainted('a@b.example'), frame);
      await lists.matchString(list, untainted('x'), frame);
      for (const item of lists.split(text)) if (typeof item !== 'string') throw new Error('no text');
    },
  };
}

// ---------------------------------------------------------------- files of lookups

const FILE_TYPES = ['lsearch', 'wildlsearch', 'nwildlsearch', 'iplsearch', 'cdb', 'dbm', 'json', 'psl', 'regdom', 'passwd'];

async function openLookups(): Promise<Target> {
  const files = new MemoryFiles();
  const bench = await openBench(files);
  const templates = FILE_TYPES.flatMap((type) =>
    ['a.example', '192.0.2.1', ''].map((key) => bench.expander.template(`\${lookup{${key}}${type}{/f}{$value}{-}}`, testLocation, 'fuzz')),
  );
  return {
    name: 'lookup',
    seeds: [
      'a.example: one\n  two\n"quoted \\" key": x\n# comment\n*.b: y\n^reg\\d+: z\n192.0.2.0/24: net\n"2001:db8::/32": six\n',
      '{"a.example": {"b": [1, 2.50, "x\\u00e9"]}, "": null}',
      'com\n*.ck\n!www.ck\n// comment\nco.uk\n',
      'root:x:0:0:root:/root:/bin/sh\na.example:x:1:1::/:/bin/false\n',
      buildCdb([
        ['a.example', 'one'],
        ['b', 'two'],
      ]).toString('latin1'),
    ],
    words: [
      ':',
      '\n',
      '\n ',
      '"',
      '\\',
      '*',
      '^',
      '#',
      '/24',
      '{',
      '}',
      '[',
      '\0',
      '\xff\xff\xff\xff',
      '\x00\x05\x31\x62',
      '(a+)+$',
      '!',
      '//',
    ],
    run: async (text) => {
      files.put('/f', text);
      const frame = bench.frame();
      for (const template of templates) await template.evaluate(frame);
    },
  };
}

// ---------------------------------------------------------------- what comes from the network and the disk

const dns: Target = {
  name: 'dns',
  seeds: [
    dnsPacket
      .encode({
        type: 'response',
        id: 7,
        flags: dnsPacket.RECURSION_DESIRED,
        questions: [{ type: 'MX', name: 'x.example' }],
        answers: [
          { type: 'MX', name: 'x.example', ttl: 5, data: { preference: 10, exchange: 'mail.x.example' } },
          { type: 'TXT', name: 'x.example', ttl: 5, data: ['a', 'b'] },
          { type: 'CNAME', name: 'y.example', ttl: 5, data: 'x.example' },
          { type: 'SRV', name: 'x.example', ttl: 5, data: { priority: 1, weight: 2, port: 25, target: 'z.example' } },
          { type: 'TLSA', name: 'x.example', ttl: 5, data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('ab') } },
        ],
        authorities: [
          { type: 'SOA', name: 'x', ttl: 5, data: { mname: 'n.x', rname: 'r.x', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 } },
        ],
        additionals: [{ type: 'A', name: 'mail.x.example', ttl: 5, data: '192.0.2.1' }],
      })
      .toString('latin1'),
  ],
  words: ['\xc0\x0c', '\xc0\x00', '\xff\xff', '\x00', '\x3f', '\x40', '\x00\x0f\x00\x01', '\x00\x29'],
  run: (text) => void decodeResponse(Buffer.from(text, 'latin1')),
};

const spool: Target = {
  name: 'spool',
  seeds: [
    '1abcde-000000001Ab-0001-H\nmail 8 8\n<a@b.example>\n1700000000 0\n-received_time_usec .1\n-helo_name x\n-host_address 192.0.2.1.25\n-aclm 0 3\nabc\n--tls_cipher x\n-body_linecount 3\nYY a@x.example\nNN b@x.example\nNN c@x.example\n2\nd@x.example\n"e f"@x.example 0,1,0\n\n023  From: a@b.example\n  xyz\n012* Subject: x\n',
  ],
  words: ['\n', '-acl 0 ', '-aclc ', '--', '-dsn_envid ', 'YN ', '999999999', '-1', '\n\n', ' 0,-1,3', '1 ', '\0', '000P '],
  run: (text) => void parseHeaderFile('1abcde-000000001Ab-0001', Buffer.from(text, 'latin1')),
};

const addresses: Target = {
  name: 'address',
  seeds: [
    'A <a@b.example>, "q \\" x" (c (n)) <c@d>, g: e@f, i@[192.0.2.1];, @r.example:j@k, <>',
    ':include:/f, |"cmd a" , /var/x, \\user, :fail: no, :blackhole:, # x\n"|c d"@e',
  ],
  words: ['<', '>', ',', ';', ':', '(', ')', '"', '\\', '@', '[', ']', '.', '..', '=?utf-8?q?=e9?=', '\r\n ', '\0', '\xff'],
  run: (text) => {
    parseAddressList(text);
    parseRedirectList(text);
  },
};

const commands: Target = {
  name: 'command',
  seeds: [
    'MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME AUTH=<> RET=HDRS ENVID=x+2By',
    'RCPT TO:<"a b"@c> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x',
    'EHLO [192.0.2.1]',
  ],
  words: ['FROM:', 'TO:', '<', '>', '=', ' ', 'SIZE=', 'AUTH=+', '+3', '\0', '\t', 'SMTPUTF8', 'NOTIFY=NEVER,'],
  run: (text) => {
    const { argument } = parseCommand(text);
    const advertised = { size: true, body: true, dsn: true, prdr: true, smtputf8: true };
    parseMailArgument(argument, advertised);
    parseRcptArgument(argument, advertised);
  },
};
