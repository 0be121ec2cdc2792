/** Expansions that try every lookup type and every kind of list item on the files of `lookup-files/`. `FILES` stands for that folder. */

/** For both programs. */
export const lookupConfiguration = `primary_hostname = mail.example.com
qualify_domain = mail.example.com
domainlist local = a.ex : *.b.ex : !c.b.ex : \\N^r\\d+\\.ex$\\N : lsearch;FILES/aliases
domainlist negative = !a.ex
domainlist nested = +negative : b.ex
addresslist people = a@b.ex : *@c.ex : d.ex : *x@+local : @@lsearch;FILES/locals
localpartlist users = joe : *suf : \\N^x+$\\N : +caseful : CASE
localpartlist exact = +caseful : CASE
hostlist nearby = <; 192.0.2.0/24 ; ::1 ; 10.0.0.1
`;

function pairs(items: readonly string[], others: readonly string[], make: (item: string, other: string) => string): string[] {
  return items.flatMap((item) => others.map((other) => make(item, other)));
}

function lookups(file: string, types: readonly string[], keys: readonly string[]): string[] {
  return pairs(types, keys, (type, key) => `\${lookup{${key}}${type}{FILES/${file}}{$value|$0|$1|$2}{NF}}`);
}

function queries(types: readonly string[], texts: readonly string[]): string[] {
  return pairs(types, texts, (type, text) => `\${lookup ${type}{${text}}{[$value]}{NF}}`);
}

function matches(condition: string, lists: readonly string[], subjects: readonly string[], shown = '$value|$0|$1|$2'): string[] {
  return pairs(lists, subjects, (list, subject) => `\${if ${condition}{${subject}}{${list}}{yes|${shown}}{no}}`);
}

const linear = [
  ...lookups(
    'aliases',
    [
      'lsearch',
      'lsearch*',
      'lsearch*@',
      'partial-lsearch',
      'partial1(.)lsearch*',
      'lsearch,ret=full',
      'lsearch*@,ret=key',
      'lsearch,cache=no_rd',
    ],
    // biome-ignore format: a list of words
    ['one', 'ONE', 'two', 'three', 'four', 'more', 'five', 'Five', ':fail:', 'six', 'seven', 'qu oted', 'quo:ted', 'esc"apedAB\\n', 'unterminated',
      'eight', 'nine', 'ten', 'a.part.example', 'part.example', 'b.c.example', 'example', 'zz', 'user@dom.ex', 'other@dom.ex', 'foo@bar',
      'x.dot.example', 'eleven', 'twelve', 'thirteen', 'fourteen', 'sixteen', 'seventeen', 'eighteen', 'nine#teen', 'last', '', '#', '*', 'k\\xe9y', '@dom.ex'],
  ),
  ...lookups(
    'aliases',
    [
      'partial1-lsearch',
      'partial0(.)lsearch',
      'partial1()lsearch',
      'partial3-lsearch',
      'partial9-lsearch',
      'partial-lsearch*@,ret=full',
      'lsearch,foo=bar',
    ],
    ['one', 'a.part.example', 'b.c.example', 'x.dot.example', 'other@dom.ex', 'a..example'],
  ),
  ...lookups(
    'networks',
    ['iplsearch', 'iplsearch*', 'iplsearch,ret=full', 'iplsearch,ret=key'],
    [
      '1.2.3.4',
      '1.2.3.5',
      'abcd::cdab',
      'ABCD::CDAB',
      'abcd:abcd::1',
      '10.1.2.3',
      '*',
      'foo',
      '::ffff:1.2.3.4',
      '9.9.9.9',
      '1.2.0.0/16',
      '::1',
      'abcd:0:0:0:0:0:0:cdab',
    ],
  ),
  ...lookups(
    'wild',
    ['wildlsearch', 'nwildlsearch', 'nwildlsearch,ret=full'],
    ['x.suffix.ex', 'suffix.ex', 'num12', 'CaseS', 'cases', 'quoted', 'literal', 'LITERAL', 'weekend', 'after', 'reg1', ''],
  ),
  ...lookups(
    'nwild',
    ['nwildlsearch', 'nwildlsearch,ret=key'],
    ['x.suffix.ex', 'NUM12', 'CaseS', 'cases', 'with space', '\\$notexp', 'literal', 'zz'],
  ),
];

const keyed = [
  ...lookups('zero.db', ['dbm', 'dbmnz', 'partial-dbm', 'dbmjz'], ['one', 'ONE', 'two', 'a.part.ex', 'zz', 'upper', 'quo ted']).filter(
    isDefined,
  ),
  ...lookups('plain.db', ['dbm', 'dbmnz', 'dbmnz,ret=key'], ['one', 'two', 'zz', 'quo ted']),
  ...lookups('constant.cdb', ['cdb', 'cdb*', 'partial-cdb', 'cdb,ret=key'], ['one', 'ONE', 'a.part.ex', 'zz', '*', '']).filter(isDefined),
  ...lookups(
    'directory',
    ['dsearch', 'dsearch,ret=full', 'dsearch,filter=file', 'dsearch,filter=dir', 'dsearch,filter=subdir', 'dsearch,ret=full,filter=file'],
    ['file1', 'dangling', 'sub', '.', '..', 'a b', 'none', 'FILE1'],
  ),
  ...lookups('directory', ['dsearch', 'dsearch,ret=full'], ['', 'sub/x', '/', '../directory']),
];

/** Partial lookups in files that are not text leave Exim's `$0` at what was in memory. */
function isDefined(line: string): boolean {
  return !/partial|cdb\*/.test(line) || !line.includes('$0') || line.includes('{zz}');
}

const errors = [
  '${lookup{a}lsearch{FILES/none}}',
  '${lookup{a}lsearch{relative}}',
  '${lookup{a}lsearch{}}',
  '${lookup{a}lsearch{FILES/directory}}',
  '${lookup{a}dbm{FILES/none}}',
  '${lookup{a}cdb{FILES/none}}',
  '${lookup{a}cdb{FILES/directory}}',
  '${lookup{a}dsearch{FILES/none}}',
  '${lookup{a}dsearch{FILES/aliases}}',
  '${lookup{x}nosuch{/root}}',
  '${lookup{x}partial-{/root}}',
  '${lookup{x}partialx-lsearch{/root}}',
  '${lookup{x}partial(a)lsearch{FILES/aliases}}',
  '${lookup{x}partial(.-)lsearch{FILES/aliases}{y}{n}}',
  '${lookup{x}partial1(*lsearch{FILES/aliases}}',
  '${lookup{x}lsearch *{FILES/aliases}}',
  '${lookup{x}partial2lsearch{FILES/aliases}}',
  '${lookup{x}net-lsearch{FILES/aliases}}',
  '${lookup lsearch{/root}}',
  '${lookup{x}passwd{/root}}',
  '${lookup passwd*{/root}}',
  '${lookup partial-passwd{/root}}',
  '${lookup sqlite{select 1}}',
  '${lookup sqlite{rel select 1}}',
  '${lookup sqlite,file=rel{select 1}}',
  '${lookup{sub/x}dsearch{FILES/directory}}',
  '${lookup{one}lsearch{FILES/aliases}fail}',
  '${lookup{zz}lsearch{FILES/aliases}{yes}fail}',
  '${quote_lsearch:a b}',
  "${quote_sqlite:a'b}",
  '${quote_sqlite_x:a}',
  '${quote_ldap_dn:  a,b+ }',
  '${quote_ldap_foo:a}',
  '${quote_ldap:a*(b)}',
  '${quote_mysql:a\'b"c\\\\\\n}',
  '${quote_pgsql:a\'b"c}',
  '${quote_nosuch:a}',
];

const asked = [
  ...queries(['passwd', 'passwd,cache=no_rd'], ['root', ' root', 'nosuchuser', '']),
  ...queries(
    ['sqlite,file=FILES/s.db', 'sqlite,file=FILES/s.db,cache=no_rd'],
    [
      'select a from t',
      'select * from t',
      "select a,b from t where a='z'",
      "select a from t where a='none'",
      'select null',
      "select ''",
      'select 1; select 2',
      "select 1 as x, '' as y, 'a\"b' as z, 'sp ace' as w",
      'select 1e300 as e, 0.1 as f, -5 as g, 1.0 as h',
      'select 9007199254740993',
      '',
    ],
  ),
  ...queries(['sqlite'], ['FILES/s.db select a from t']),
];

const domains = matches(
  'match_domain',
  // biome-ignore format: a list of words
  ['a.ex', '*.b.ex', '!a.ex', '!a.ex : *', '* : !a.ex', '', '@', '@[]', ':', 'a.ex : : b.ex', 'A.EX', '*ex', '*.', '**', '\\N^(.)\\.(ex)$\\N', '\\N^(?-i)A\\N',
    '+local', '+negative', '!+negative', '+nested', '<; a.ex ; b.ex', '<;a.ex;;b.ex', 'a.ex::x', 'lsearch;FILES/aliases', 'lsearch*;FILES/aliases',
    '!lsearch;FILES/aliases', 'partial-lsearch;FILES/aliases', 'FILES/domains.list', '!FILES/domains.list', 'FILES/negated-end.list', '!FILES/negated-end.list',
    'FILES/empty.list', '!FILES/empty.list', '! a.ex', '!!a.ex', '${if eq{a}{b}{}{a.ex}}', 'lsearch;  FILES/aliases', 'lsearch,ret=key;FILES/aliases', '<, a.ex, b.ex',
    '<+ a.ex + b.ex', '<* a.ex * b.ex', 'passwd;root', 'passwd;nosuch', 'dsearch;FILES/directory', 'dsearch,ret=full;FILES/directory', '"a.ex"', '*.example.com', '^'],
  [
    'a.ex',
    'A.ex',
    'x.b.ex',
    'c.b.ex',
    'one',
    '',
    '[127.0.0.1]',
    '[IPv6:::1]',
    'mail.example.com',
    'a.ex:x',
    'x.part.example',
    'file1',
    'fromfile.ex',
    'neg.ex',
    'rx5.ex',
  ],
);

const localParts = matches(
  'match_local_part',
  // biome-ignore format: a list of words
  ['joe', '!joe', 'Joe', '+caseful : Joe', '+caseful:joe', '*suf', '\\N^j(o)e$\\N', '\\N^J\\N', '+caseful : \\N^J\\N', '+users', '+exact', '!+users', '+caseful : +users',
    'lsearch;FILES/aliases', 'FILES/local-parts.list', '@', '', 'a::b', '*', '+caseful : *SUF', '+caseful', 'joe : +caseful : JOE', '+caseful : lsearch;FILES/aliases'],
  ['joe', 'JOE', 'Joe', 'xsuf', 'xSUF', 'xxx', 'CASE', 'case', 'one', 'ONE', 'a:b', '', 'x#y', 'comment', 'upper', 'a@b'],
);

const addresses = matches(
  'match_address',
  // biome-ignore format: a list of words
  ['a@b.ex', 'A@B.ex', '*@c.ex', 'd.ex', '*.d.ex', '\\N^(.)@(.*)$\\N', '+people', ':', '', '!a@b.ex : *', 'a@+local', '*@+local', 'lsearch;FILES/aliases', 'lsearch*@;FILES/aliases',
    '@@lsearch;FILES/locals', '@@partial-lsearch;FILES/locals', 'partial-lsearch;FILES/aliases', 'FILES/addresses.list', '+caseful : A@b.ex', '+caseful : a@B.ex', '+caseful : \\N^A@\\N',
    '+caseful : *@B.ex', '@', '*@@', '*@@[]', 'a@', '*@', '*', 'a', 'passwd;root', '@@', '@@foo', '*@!b.ex', 'a@lsearch;FILES/aliases', '*@mail.example.com', '<; a@b.ex ; *@c.ex'],
  [
    'a@b.ex',
    'A@b.ex',
    'a@B.EX',
    'x@c.ex',
    'q@d.ex',
    '',
    'a',
    '@',
    'a@',
    'user@dom.ex',
    'a@one',
    'joe@at.ex',
    'spam@at.ex',
    'loop@loop.ex',
    'neg@at.ex',
    'deep@chain.ex',
    'x@a.at2.ex',
    'a@[127.0.0.1]',
    'a@mail.example.com',
    'file@addr.ex',
    'not#c@x.ex',
    'y@e.ex',
  ],
  '$value',
);

const hosts = matches(
  'match_ip',
  // biome-ignore format: a list of words
  ['1.2.3.4', '1.2.3.0/24', '1.2.3.4/32', '1.2.3.4/99', '0.0.0.0/0', '<; ::1', '<; ::1 ; 1.2.3.4', '<; fe80::/10', '+nearby', '!+nearby', '!1.2.3.4', '!1.2.3.4 : *', '*', '', '@[]',
    'net-lsearch;FILES/hosts', 'net24-lsearch;FILES/hosts', 'net32-lsearch;FILES/hosts', 'net64-lsearch;FILES/hosts', 'net-iplsearch;FILES/networks', 'lsearch;FILES/hosts', 'iplsearch;FILES/networks',
    'net-lsearch,ret=key;FILES/hosts', 'passwd;root', 'passwd;nosuch', 'FILES/hosts.list', '!FILES/hosts.list', 'name.ex : 1.2.3.4', '+ignore_unknown : name.ex : 1.2.3.4',
    '+include_unknown : name.ex', 'a b : 1.2.3.4', '*.ex : 1.2.3.4', '^1 : 1.2.3.4', '<, 1.2.3.5, 1.2.3.4', 'netx-lsearch;FILES/hosts'],
  ['1.2.3.4', '1.2.9.9', '127.0.0.1', '::1', 'fe80::1', 'abcd::cdab', 'notip', '', '10.0.0.1', '3ffe:ffff:836f:0a00:000a:0800:200a:c031'],
  '$value',
);

const plain = [
  ...matches(
    'inlist',
    ['a', 'a : b', 'A', '*x', '', 'a::b', '<; a;b', '${if eq{a}{a}{x:y}}', ' a '],
    ['a', 'A', 'b', 'ax', '', 'a:b', 'y'],
    '$value',
  ),
  ...matches('inlisti', ['a : B', '*x', '<; a;b'], ['a', 'A', 'b', 'ax', ''], '$value'),
];

export const lookupLines: readonly string[] = [
  ...linear,
  ...keyed,
  ...errors,
  ...asked,
  ...domains,
  ...localParts,
  ...addresses,
  ...hosts,
  ...plain,
];
