/** Messages for the ACL for MIME parts: structures, encodings, names, and what is wrong with them. Octets, lines end with \n. */

export interface MimeCase {
  readonly name: string;
  /** What is decoded: nothing, all parts but multiparts, or all. */
  readonly decode: 'none' | 'leaf' | 'all';
  readonly message: string;
}

const cases: MimeCase[] = [];

function both(name: string, message: string): void {
  cases.push({ name, decode: 'none', message }, { name, decode: 'leaf', message });
}

function one(name: string, message: string, decode: MimeCase['decode'] = 'leaf'): void {
  cases.push({ name, decode, message });
}

/** The header of the whole message in front. */
function multipart(body: string, type = 'multipart/mixed; boundary="foo"'): string {
  return `Subject: s\nMIME-Version: 1.0\nContent-Type: ${type}\n\n${body}`;
}

function part(header: string, body: string, rest = ''): string {
  return multipart(`--foo\n${header}\n\n${body}\n--foo--\n${rest}`);
}

function encoded(encoding: string, body: string): string {
  return part(`Content-Type: text/plain\nContent-Transfer-Encoding: ${encoding}`, body);
}

function base64(text: string): string {
  return `${Buffer.from(text, 'latin1')
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\n')}\n`;
}

// ---------------------------------------------------------------- structure

one('no Content-Type', 'Subject: s\nMIME-Version: 1.0\n\nbody\n');
one('Content-Type without MIME-Version', 'Subject: s\nContent-Type: text/plain\n\nbody\n');
one('plain', 'Subject: s\nMIME-Version: 1.0\nContent-Type: text/plain\n\nbody\nof two lines\n');
one('plain without body', 'Subject: s\nMIME-Version: 1.0\nContent-Type: text/plain\n\n');
one('plain without an empty line', 'Subject: s\nMIME-Version: 1.0\nContent-Type: text/plain\n');
one('empty Content-Type', 'Subject: s\nContent-Type:\n\nbody\n');
one('two Content-Types', 'Content-Type: text/plain\nContent-Type: text/html\n\nbody\n');
one('two Content-Types in a part', part('Content-Type: text/plain\nContent-Type: text/html', 'x'));
both('two parts', multipart('pre\n--foo\nContent-Type: text/plain\n\none\n--foo\nContent-Type: text/html\n\n<b>two</b>\n--foo--\npost\n'));
both('parts without header', multipart('--foo\n\none\n--foo\n\ntwo\n--foo--\n'));
both('a part without header and empty line', multipart('--foo\none\n--foo\ntwo: x\n--foo--\n'));
both('empty parts', multipart('--foo\n--foo\n\n--foo\n\n\n--foo--\n'));
both('missing closing boundary', multipart('--foo\n\none\n--foo\nContent-Type: text/html\n\ntwo\n'));
both('ends in a part header', multipart('--foo\n\none\n--foo\nContent-Type: text/html\n'));
both('no boundary line at all', multipart('one\ntwo\n'));
both('multipart without boundary', multipart('--foo\n\none\n--foo--\n', 'multipart/mixed'));
both('empty boundary', multipart('--\n\none\n--\nContent-Type: text/html\n\ntwo\n----\n', 'multipart/mixed; boundary=""'));
both('content behind the closing boundary', multipart('--foo\n\none\n--foo--\n--foo\nContent-Type: text/html\n\ntwo\n--foo--\n'));
both(
  'nested',
  multipart(
    '--foo\nContent-Type: multipart/alternative; boundary=bar\n\n--bar\nContent-Type: text/plain\n\none\n--bar\nContent-Type: text/html\n\ntwo\n--bar--\n--foo\nContent-Type: image/png; name=x.png\n\nthree\n--foo--\n',
  ),
);
both(
  'nested, inner not closed',
  multipart(
    '--foo\nContent-Type: multipart/mixed; boundary=bar\n\n--bar\nContent-Type: text/plain\n\none\n--foo\nContent-Type: text/html\n\ntwo\n--foo--\n',
  ),
);
both(
  'nested, outer boundary is the beginning of the inner one',
  multipart(
    '--foo\nContent-Type: multipart/mixed; boundary=foobar\n\n--foobar\nContent-Type: text/plain\n\none\n--foobar--\n--foo\nContent-Type: text/html\n\ntwo\n--foo--\n',
  ),
);
both(
  'nested, inner boundary is the beginning of the outer one',
  multipart(
    '--foobar\nContent-Type: multipart/mixed; boundary=foo\n\n--foo\nContent-Type: text/plain\n\none\n--foo--\n--foobar\nContent-Type: text/html\n\ntwo\n--foobar--\n',
    'multipart/mixed; boundary=foobar',
  ),
);
both(
  'nested with the same boundary',
  multipart(
    '--foo\nContent-Type: multipart/mixed; boundary=foo\n\n--foo\n\none\n--foo--\n--foo\nContent-Type: text/html\n\ntwo\n--foo--\n',
  ),
);
both('a line that begins as the boundary', multipart('--foo\n\none\n--foobar\ntwo\n--foo--\n'));
both('a boundary line with white space behind', multipart('--foo  \n\none\n--foo\t\nContent-Type: text/html\n\ntwo\n--foo--  \n'));
both('a boundary line with text behind', multipart('--foo x\n\none\n--foo--x\nContent-Type: text/html\n\ntwo\n--foo--\n'));
both('a boundary line with white space before', multipart(' --foo\n\none\n--foo\n\ntwo\n --foo--\n'));
both('a boundary in another case', multipart('--FOO\n\none\n--foo\n\ntwo\n--Foo--\n'));
both('a boundary with a dash', multipart('----foo\n\none\n----foo\n\ntwo\n----foo--\n', 'multipart/mixed; boundary=--foo'));
both('a boundary with spaces', multipart('--a b\n\none\n--a b--\n', 'multipart/mixed; boundary="a b"'));
both('a boundary with a space at its end', multipart('--a \n\none\n--a\n\ntwo\n--a --\n', 'multipart/mixed; boundary="a "'));
both('an unquoted boundary with a space', multipart('--a b\n\none\n--a b--\n', 'multipart/mixed; boundary=a b'));
both('a boundary with quotes inside', multipart('--a"b\n\none\n--a"b--\n', 'multipart/mixed; boundary="a\\"b"'));
both('a boundary in single quotes', multipart("--'a'\n\none\n--'a'--\n", "multipart/mixed; boundary='a'"));
both('a boundary with an open quote', multipart('--abc\n\none\n--abc--\n', 'multipart/mixed; boundary="abc'));
both('a boundary with = and ?', multipart('--=_a?b\n\none\n--=_a?b--\n', 'multipart/mixed; boundary="=_a?b"'));
one('an encoded boundary', multipart('--abc\n\none\n--abc--\n', 'multipart/mixed; boundary="=?us-ascii?Q?abc?="'));
one('a boundary in RFC 2231', multipart('--abc\n\none\n--abc--\n', "multipart/mixed; boundary*=us-ascii''abc"));
one('a boundary in pieces', multipart('--abc\n\none\n--abc--\n', 'multipart/mixed; boundary*0="a";\n boundary*1="bc"'));
one('a boundary with a comment', multipart('--foo\n\none\n--foo--\n', 'multipart/mixed; boundary=foo (comment)'));
one(
  'a boundary of 200 octets',
  multipart(`--${'b'.repeat(200)}\n\none\n--${'b'.repeat(200)}--\n`, `multipart/mixed; boundary="${'b'.repeat(200)}"`),
);
one(
  'a boundary of 1500 octets',
  multipart(`--${'b'.repeat(1500)}\n\none\n--${'b'.repeat(1500)}--\n`, `multipart/mixed; boundary="${'b'.repeat(1500)}"`),
);
one('two boundaries', multipart('--foo\n\none\n--bar\n\ntwo\n--foo--\n', 'multipart/mixed; boundary=foo; boundary=bar'));
one(
  'two boundaries, one closed',
  multipart('--bar--\n--foo\n\none\n--foo\nContent-Type: text/html\n\ntwo\n--foo--\n', 'multipart/mixed; boundary=foo; boundary=bar'),
);
one(
  'two Content-Types with boundaries',
  multipart('--foo\n\none\n--foo--\n', 'multipart/mixed; boundary=foo\nContent-Type: multipart/mixed; boundary=bar'),
);
one('multipart and another type', multipart('--foo\n\none\n--foo--\n', 'multipart/mixed; boundary=foo\nContent-Type: text/plain'));
one('a boundary of text/plain', 'Content-Type: text/plain; boundary=foo\n\n--foo\n\none\n--foo--\n');
both('multipart in another case', multipart('--foo\n\none\n--foo--\n', 'MultiPart/Mixed; BOUNDARY=foo'));
both('multipart/digest', multipart('--foo\n\nSubject: one\n\ntext\n--foo--\n', 'multipart/digest; boundary=foo'));
both('multipart of a made-up subtype', multipart('--foo\n\none\n--foo--\n', 'multipart/x-unheard; boundary=foo'));
one('multipart without subtype', multipart('--foo\n\none\n--foo--\n', 'multipart; boundary=foo'));
one(
  'multipart that is base64',
  multipart(base64('--foo\n\none\n--foo--\n'), 'multipart/mixed; boundary=foo\nContent-Transfer-Encoding: base64'),
);
one('decoded multipart', multipart('--foo\n\none\n--foo\n\ntwo\n--foo--\n'), 'all');
one(
  'decoded nested multipart',
  multipart('--foo\nContent-Type: multipart/mixed; boundary=bar\n\n--bar\n\none\n--bar--\n--foo\n\ntwo\n--foo--\n'),
  'all',
);

// ---------------------------------------------------------------- cover letters

for (const outer of ['mixed', 'alternative', 'related', 'signed'])
  for (const inner of ['mixed', 'alternative', 'related'])
    one(
      `cover letter in ${outer} and ${inner}`,
      multipart(
        `--foo\nContent-Type: multipart/${inner}; boundary=bar\n\n--bar\n\none\n--bar\n\ntwo\n--bar--\n--foo\nContent-Type: multipart/${inner}; boundary=bar\n\n--bar\n\nthree\n--bar--\n--foo\n\nfour\n--foo--\n`,
        `multipart/${outer}; boundary=foo`,
      ),
      'none',
    );

// ---------------------------------------------------------------- headers of a part

one('folded parameters', part('Content-Type: text/plain;\n\tcharset=utf-8;\n  name="a\n b.txt"', 'x'));
one('a fold before the colon value', part('Content-Type:\n text/plain', 'x'));
one('white space everywhere', part('Content-Type :  text / plain ; charset = "utf-8" ; name = "a.txt"', 'x'));
one(
  'upper case',
  part(
    'CONTENT-TYPE: TEXT/HTML; CHARSET=UTF-8; NAME=A.TXT\nCONTENT-TRANSFER-ENCODING: BASE64\nCONTENT-DISPOSITION: ATTACHMENT\nCONTENT-ID: <ABC>\nCONTENT-DESCRIPTION: A B\tC',
    'aGk=',
  ),
);
one('no subtype', part('Content-Type: text', 'x'));
one('parameters without semicolon', part('Content-Type: text/plain charset=utf-8 name=x.txt', 'x'));
one('empty parameters', part('Content-Type: text/plain;;; ;charset=;name=""', 'x'));
one('a parameter without value', part('Content-Type: text/plain; charset; name=x', 'x'));
one('a semicolon in quotes', part('Content-Type: text/plain; name="a;b.txt"; charset=utf-8', 'x'));
one('a quote in quotes', part('Content-Type: text/plain; name="a\\"b\\\\c.txt"; charset=utf-8', 'x'));
one('an open quote', part('Content-Type: text/plain; name="a.txt; charset=utf-8', 'x'));
one('text behind a quote', part('Content-Type: text/plain; name="a"b.txt; charset=utf-8', 'x'));
one('comments', part('Content-Type: text/plain (a comment); (name=no) name=x.txt (y)', 'x'));
one('name and filename', part('Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=b.txt', 'x'));
one('filename and name', part('Content-Disposition: attachment; filename=b.txt\nContent-Type: text/plain; name=a.txt', 'x'));
one('two filenames', part('Content-Disposition: attachment; filename=a.txt; filename=b.txt', 'x'));
one('filename without disposition', part('Content-Disposition: filename=a.txt', 'x'));
one('name in Content-Disposition', part('Content-Disposition: attachment; name=a.txt', 'x'));
one('filename in Content-Type', part('Content-Type: text/plain; filename=a.txt', 'x'));
one('an empty filename', part('Content-Disposition: attachment; filename=', 'x'));
one('a filename of a path', part('Content-Disposition: attachment; filename="../../etc/passwd"', 'x'));
one('a filename with octets above 127', part('Content-Disposition: attachment; filename="\xe4\xc3\xa4.txt"', 'x'));
one('charset in quotes', part('Content-Type: text/plain; charset="ISO-8859-1"', 'x'));
one('charset in RFC 2231', part("Content-Type: text/plain; charset*=us-ascii''utf-8", 'x'));
one('headers longer than 8192', part(`Content-Description: ${'d'.repeat(9000)}\nContent-Type: text/html`, 'x'));
one('a header of many folds', part(`Content-Type: text/plain;\n${' x=y;\n'.repeat(500)} name=a.txt`, 'x'));
one('1000 headers', part(`${'X-Y: z\n'.repeat(1000)}Content-Type: text/html`, 'x'));
one('a filename of 600 octets', part(`Content-Disposition: attachment; filename="${'f'.repeat(600)}.txt"`, 'x'), 'none');
one('a NUL in a header', part('Content-Type: text/plain; name="a\0b.txt"\nContent-Description: a\0b', 'x'), 'none');
one('8 bits in headers', part('Content-Type: text/pl\xe4in\nContent-Description: \xc3\xa4 B\xa0c', 'x'), 'none');
one('control octets in headers', part('Content-Description: a\x01\x7fb\x0bc', 'x'), 'none');
one('an encoded description', part('Content-Description: =?utf-8?Q?=C3=A4_b?=', 'x'), 'none');
one('a header with no colon', part('Content-Type text/html\nContent-Type: text/plain', 'x'));
one('a header that begins with a space', part(' Content-Type: text/html', 'x'));
one('an unknown disposition', part('Content-Disposition: x-whatever; a=b', 'x'));
one('Content-ID without brackets', part('Content-ID: abc def', 'x'));
one('a NUL as the empty line', multipart('--foo\nContent-Type: text/html\n\0\nx\n--foo--\n'), 'none');
one('white space as the empty line', multipart('--foo\nContent-Type: text/html\n \nx\n--foo--\n'));
one(
  'header of the message with a comment line',
  'X: y\nContent-Type: text/html; charset=koi8-r; name="=?koi8-r?B?8NLJ18XU?="\nContent-Description: whole\nContent-Id: <w@x>\n\nbody\n',
  'none',
);

one('a comment that is not closed', part('Content-Type: text/plain ( ; name=x.exe', 'x'));
one('comments in an identifier', part('Content-ID: <a(b)c@d>\nContent-Description: a (b (c) d) e', 'x'), 'none');
one('a quote behind the type', part('Content-Type: text/plain" ; name=x.exe', 'x'), 'none');
one('a tab in quotes', part('Content-Type: text/y; name="a\tb  cd\t"; charset=a b', 'x'), 'none');
one(
  'parameters in other fields',
  part('Content-Transfer-Encoding: 7bit; name=a.txt; charset=z\nContent-Description: a; name=b.txt', 'x'),
  'none',
);
one('spaces in a name of a parameter', part('Content-Type: text/plain; na me=x.exe; NAME =y.exe', 'x'), 'none');

// ---------------------------------------------------------------- file names

const names: readonly (readonly [string, string])[] = [
  ['an encoded word', '"=?iso-8859-1?Q?=E4=20b.txt?="'],
  ['an unquoted encoded word', '=?utf-8?B?w6QudHh0?='],
  ['two encoded words', '"=?utf-8?Q?=C3=A4?= =?utf-8?Q?b.txt?="'],
  ['two encoded words on two lines', '"=?utf-8?Q?=C3=A4?=\n =?utf-8?Q?b.txt?="'],
  ['an encoded word within text', '"a =?utf-8?Q?=C3=A4?= b.txt"'],
  ['an encoded word of an unknown charset', '"=?x-unknown?Q?=C3=A4.txt?="'],
  ['an encoded word in koi8-r', '"=?koi8-r?B?8NLJ18XU?="'],
  ['a broken encoded word', '"=?utf-8?Q?=C3=A.txt?="'],
  ['a broken encoded word in base64', '"=?utf-8?B?w6Q.txt?="'],
  ['an encoded word that is not closed', '"=?utf-8?Q?abc.txt"'],
  ['an encoded word of 100 octets', `"=?utf-8?Q?${'a'.repeat(90)}?="`],
  ['an encoded word with a NUL', '"=?utf-8?Q?a=00b?="'],
  ['an encoded word with a quote', '"=?utf-8?Q?a=22b;c?="'],
  ['an encoded word with a slash', '"=?utf-8?Q?=2E=2E/=2E=2E/x?="'],
  ['an encoded word with a language', '"=?utf-8*en?Q?abc?="'],
  ['an encoded word with a space', '"=?utf-8?Q?a b.txt?="'],
  ['an encoded word and more', '"=?utf-8?q?abc?=def"'],
  ['two encoded words side by side', '"=?utf-8?Q?a?=b=?utf-8?Q?c?="'],
  ['an encoded word in base64, unquoted', '=?utf-8?B?YWJj?='],
];
for (const [name, value] of names) one(`filename: ${name}`, part(`Content-Disposition: attachment; filename=${value}`, 'x'), 'none');

const parameters: readonly (readonly [string, string])[] = [
  ['RFC 2231', "filename*=utf-8''%C3%A4%20b.txt"],
  ['RFC 2231 in Latin-1', "filename*=iso-8859-1'de'%E4.txt"],
  ['RFC 2231 in koi8-r', "filename*=koi8-r'ru'%F0%D2.txt"],
  ['RFC 2231 of an unknown charset', "filename*=x-unknown''%E4.txt"],
  ['RFC 2231 without charset', "filename*=''%C3%A4.txt"],
  ['RFC 2231 without quotes', 'filename*=%C3%A4.txt'],
  ['RFC 2231 in quotes', 'filename*="utf-8\'\'%C3%A4.txt"'],
  ['RFC 2231 with broken percent', "filename*=utf-8''%C3%A.%zztxt%"],
  ['RFC 2231 with %00', "filename*=utf-8''a%00b.txt"],
  ['RFC 2231 with a slash', "filename*=utf-8''..%2F..%2Fx"],
  ['continuations', 'filename*0="a";\n filename*1="b";\n filename*2=".txt"'],
  ['continuations with charset', "filename*0*=utf-8''%C3%A4;\n filename*1*=%C3%B6;\n filename*2=.txt"],
  ['continuations, the first not encoded', 'filename*0="a%20";\n filename*1*=%20b.txt'],
  ['continuations out of order', 'filename*1="b";\n filename*0="a";\n filename*2=".txt"'],
  ['continuations with a gap', 'filename*0="a";\n filename*2="c"'],
  ['continuations from 1', 'filename*1="a";\n filename*2="b"'],
  ['continuations: 12', Array.from({ length: 12 }, (_, index) => `filename*${index}="${'abcdefghijkl'[index]}"`).join(';\n ')],
  ['continuations and plain', 'filename="plain";\n filename*0="a";\n filename*1="b"'],
  ['plain behind continuations', 'filename*0="a";\n filename*1="b";\n filename="plain"'],
  ['RFC 2231 and plain', 'filename*=utf-8\'\'%C3%A4.txt; filename="plain.txt"'],
  ['plain and RFC 2231', 'filename="plain.txt"; filename*=utf-8\'\'%C3%A4.txt'],
  ['continuations with encoded words', 'filename*0="=?utf-8?Q?a=C3=A4?=";\n filename*1=".txt"'],
  ['continuations, encoded, of Latin-1', "filename*0*=iso-8859-1''%E4;\n filename*1*=%F6.txt"],
  ['a percent in plain', 'filename="a%20b.txt"'],
  ['upper case', "FILENAME*=UTF-8''%C3%A4.txt"],
];
for (const [name, value] of parameters) one(`filename: ${name}`, part(`Content-Disposition: attachment; ${value}`, 'x'), 'none');
one('name: RFC 2231', part("Content-Type: text/plain; name*=utf-8''%C3%A4.txt", 'x'), 'none');
one('name: continuations', part('Content-Type: text/plain; name*0="a"; name*1="b.txt"', 'x'), 'none');
one('name: an encoded word', part('Content-Type: text/plain; name="=?utf-8?Q?=C3=A4.txt?="', 'x'), 'none');
one(
  'name and filename in RFC 2231',
  part("Content-Type: text/plain; name*=utf-8''n.txt\nContent-Disposition: attachment; filename*=utf-8''f.txt", 'x'),
  'none',
);

// ---------------------------------------------------------------- encodings

one('base64', encoded('base64', base64('hello world\n')));
one('base64 of several lines', encoded('base64', base64('0123456789'.repeat(30))));
one('base64 without padding', encoded('base64', 'aGVsbG8'));
one('base64 with padding inside', encoded('base64', 'aGk=\naGk=\n'));
one('base64 with padding and more on a line', encoded('base64', 'aGk=aGk='));
one('base64 with spaces', encoded('base64', ' aGVs bG8g\td29y bGQK '));
one('base64 with other characters', encoded('base64', 'aGVs!bG8g*d29ybGQK'));
one('base64 with text behind', encoded('base64', `${base64('hello')}\nThis is a footer, -- really.\n`));
one('base64 in lines that are no multiples of four', encoded('base64', 'aGVsb\nG8gd2\n9ybGQ\nK'));
one('base64 with empty lines', encoded('base64', '\naGVs\n\nbG8=\n\n'));
one('base64 with one character', encoded('base64', 'a'));
one('base64 with two characters', encoded('base64', 'aG'));
one('base64 of nothing', encoded('base64', ''));
one('base64 of equals signs', encoded('base64', '====\n====\n'));
one('base64 in one line of 5000', encoded('base64', Buffer.from('x'.repeat(3750)).toString('base64')));
one('base64 in one line of 40000', encoded('base64', Buffer.from('0123456789'.repeat(3000)).toString('base64')));
one('base64 with NULs and 8 bits', encoded('base64', 'aG\0Vs\xe4bG8='));
one('base64 of all octets', encoded('base64', base64(Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join(''))));
one('base64 with -_', encoded('base64', '-_-_'));
one('base64, missing boundary', multipart(`--foo\nContent-Transfer-Encoding: base64\n\n${base64('hello world')}`));
one('base64 with a boundary in its line', multipart('--foo\nContent-Transfer-Encoding: base64\n\naGVsbG8=--foo--\n'));
one('quoted-printable', encoded('quoted-printable', 'a=C3=A4 b=\nc=3D'));
one('quoted-printable in lower case', encoded('quoted-printable', 'a=c3=a4'));
one('quoted-printable, broken', encoded('quoted-printable', 'a=ZZb =4 c=\xe4 =\n=x'));
one('quoted-printable with spaces at ends', encoded('quoted-printable', 'abc  \nd= \nef=\t\ng'));
one('quoted-printable ending with =', encoded('quoted-printable', 'abc='));
one('quoted-printable ending with =4', encoded('quoted-printable', 'abc=4'));
one('quoted-printable with = before another', encoded('quoted-printable', 'a==3D=='));
one('quoted-printable with 8 bits and NUL', encoded('quoted-printable', 'a\xe4\0b=00c'));
one('quoted-printable in one line of 40000', encoded('quoted-printable', 'a=3D'.repeat(10000)));
one('quoted-printable with CR', encoded('quoted-printable', 'a=0D=0Ab'));
one('7bit', encoded('7bit', 'a=3D\nb'));
one('8bit', encoded('8bit', '\xe4\xc3\xa4'));
one('binary', encoded('binary', 'a\0b'));
one('x-uuencode', encoded('x-uuencode', 'begin 644 test.txt\n#0V%T\n`\nend'));
one('uuencode', encoded('uuencode', 'begin 644 test.txt\n#0V%T\n`\nend'));
one('uuencoded text', part('Content-Type: text/plain', 'begin 644 test.txt\n#0V%T\n`\nend'));
one('an unknown encoding', encoded('x-unknown', 'abc'));
one('base64 in quotes', encoded('"base64"', base64('hello')));
one('base64 with a comment', encoded('base64 (comment)', base64('hello')));
one('base64 with a parameter', encoded('base64; x=y', base64('hello')));
one('base64 misspelt', encoded('base-64', base64('hello')));
one('base 64 with a space', encoded('base 64', base64('hello')));
one('base64 in a message of one part', `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${base64('hello world\n')}`);
one('quoted-printable in a message of one part', 'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=3Db\n');
one('NULs in a plain part', part('Content-Type: text/plain', 'a\0b\nc\0\0'));
one('a line of 100000', part('Content-Type: text/plain', 'x'.repeat(100_000)));
one('a boundary in a line of 100000', part('Content-Type: text/plain', `${'x'.repeat(99_998)}--foo--`));
for (const at of [998, 1022, 1023, 1024, 4095, 8191, 16383, 32767, 65535])
  one(
    `a boundary behind ${at} octets of a line`,
    part('Content-Type: text/plain', `${'x'.repeat(at)}--foo\nContent-Type: text/html\n\ny`),
    'none',
  );
one('8 bits in a plain part', part('Content-Type: text/plain', '\xe4\n\xff\xfe'));
one('CR in base64', encoded('base64', 'aGk=\r\naGk=\r\n'));
one('1024 octets', part('Content-Type: text/plain', 'x'.repeat(1023)));
one('1025 octets', part('Content-Type: text/plain', 'x'.repeat(1024)));
one('1026 octets', part('Content-Type: text/plain', 'x'.repeat(1025)));

// ---------------------------------------------------------------- attached messages

const inner = 'Subject: inner\nContent-Type: text/html; charset=utf-8\n\n<b>inner</b>\n';
const innerMultipart =
  'Subject: inner\nContent-Type: multipart/mixed; boundary=bar\n\n--bar\n\ni1\n--bar\nContent-Type: text/html\n\ni2\n--bar--\n';
both('an attached message', multipart(`--foo\nContent-Type: message/rfc822\n\n${inner}--foo--\n`));
one('an attached message, decoded', multipart(`--foo\nContent-Type: message/rfc822\n\n${inner}--foo--\n`), 'all');
both('an attached message and more', multipart(`--foo\nContent-Type: message/rfc822\n\n${inner}--foo\n\nlast\n--foo--\n`));
both(
  'an attached multipart',
  multipart(`--foo\n\nfirst\n--foo\nContent-Type: message/rfc822\n\n${innerMultipart}--foo\n\nlast\n--foo--\n`),
);
both(
  'an attached multipart that is not closed',
  multipart('--foo\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=bar\n\n--bar\n\ni1\n--foo\n\nlast\n--foo--\n'),
);
both(
  'an attached message with the same boundary',
  multipart(`--foo\nContent-Type: message/rfc822\n\n${innerMultipart.replaceAll('bar', 'foo')}--foo\n\nlast\n--foo--\n`),
);
both('an attached message without Content-Type', multipart('--foo\nContent-Type: message/rfc822\n\nSubject: x\n\nbody\n--foo--\n'));
both('an attached message without header', multipart('--foo\nContent-Type: message/rfc822\n\n\nbody\n--foo--\n'));
both('an empty attached message', multipart('--foo\nContent-Type: message/rfc822\n\n--foo--\n'));
both(
  'an attached message in base64',
  multipart(`--foo\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${base64(innerMultipart)}--foo--\n`),
);
both(
  'an attached message in base64 with CRLF',
  multipart(
    `--foo\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${base64(innerMultipart.replaceAll('\n', '\r\n'))}--foo--\n`,
  ),
);
both(
  'an attached message in quoted-printable',
  multipart(
    `--foo\nContent-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n${innerMultipart.replaceAll('=', '=3D')}--foo--\n`,
  ),
);
both('a message that is message/rfc822', `Subject: s\nContent-Type: message/rfc822\n\n${inner}`);
both(
  'a message in a multipart in a message',
  multipart(
    `--foo\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=bar\n\n--bar\nContent-Type: message/rfc822\n\n${inner}--bar\n\nm\n--bar--\n--foo\n\nlast\n--foo--\n`,
  ),
);
one('message/partial', multipart('--foo\nContent-Type: message/partial\n\nx\n--foo--\n'));
one('message/global', multipart('--foo\nContent-Type: message/global\n\nSubject: x\n\nx\n--foo--\n'));
one('message/rfc822 in upper case', multipart(`--foo\nContent-Type: MESSAGE/RFC822\n\n${inner}--foo--\n`));
one(
  'message/rfc822 with a parameter',
  multipart(`--foo\nContent-Type: message/rfc822; name="x.eml"\nContent-Disposition: attachment\n\n${inner}--foo--\n`),
);
one(
  'message/rfc822 with From line',
  multipart(`--foo\nContent-Type: message/rfc822\n\nFrom x@y Mon Jan  1 00:00:00 2024\n${inner}--foo--\n`),
);

// ---------------------------------------------------------------- size

one('1000 parts', multipart(`${'--foo\nContent-Type: text/plain\n\nx\n'.repeat(1000)}--foo--\n`), 'none');
one('multiparts, 200 deep', deepMultiparts(200), 'none');
one('messages, 20 deep', deepMessages(20), 'none');
one('messages, 20 deep, decoded', deepMessages(20), 'leaf');

function deepMultiparts(depth: number): string {
  let text = 'Subject: s\n';
  for (let level = 0; level < depth; level++) text += `Content-Type: multipart/mixed; boundary=b${level}e\n\n--b${level}e\n`;
  text += '\nin the middle\n';
  for (let level = depth - 1; level >= 0; level--) text += `--b${level}e--\n`;
  return text;
}

function deepMessages(depth: number): string {
  return `${'Content-Type: message/rfc822\n\n'.repeat(depth)}Content-Type: text/html\n\n<b>\n`;
}

export const mimeCases: readonly MimeCase[] = cases;

export function caseKey({ decode, name }: MimeCase): string {
  return `${decode}: ${name}`;
}

const BOUNDARY_IN_HEADER = 'a boundary line ends a header without an empty line, so that it hides no part';
const BOUNDARY_AROUND = 'the boundary of a multipart around ends one that is not closed, so that it hides no part';
const QUOTES = 'quoted pairs are read, and a quote that is not closed ends with the field, without a semicolon of its own';
const EXTENDED = 'RFC 2231 is read in all parameters, in the order of its numbers, without the language';
const ODD_GROUP = 'an incomplete group of base64 gives the octets that it has';
const SEVERAL = 'programs differ in which of several boundaries they take: each of them is one';
const NULS = 'an octet of zero is one like others, and not the end of its line';
const LONG_LINES = 'a line is a line, however long it is';

/** Where we differ from Exim 4.96 on purpose, by the names of the cases. */
export const explained: ReadonlyMap<string, string> = new Map([
  ['a part without header and empty line', BOUNDARY_IN_HEADER],
  ['empty parts', BOUNDARY_IN_HEADER],
  ['ends in a part header', 'the last field of a header counts although the message ends there'],
  ['nested, inner not closed', BOUNDARY_AROUND],
  ['a boundary with quotes inside', QUOTES],
  ['a boundary with an open quote', QUOTES],
  ['a quote in quotes', QUOTES],
  ['an open quote', QUOTES],
  ['a boundary in RFC 2231', EXTENDED],
  ['a boundary in pieces', EXTENDED],
  ['charset in RFC 2231', EXTENDED],
  ['two boundaries', SEVERAL],
  ['two boundaries, one closed', SEVERAL],
  ['two Content-Types with boundaries', SEVERAL],
  ['multipart and another type', 'programs differ in which of several types they take: a multipart has its parts'],
  ['filename and name', 'mail programs prefer `filename`, wherever it stands'],
  ['filename: RFC 2231 in Latin-1', EXTENDED],
  ['filename: RFC 2231 in koi8-r', EXTENDED],
  ['filename: continuations, the first not encoded', EXTENDED],
  ['filename: continuations out of order', EXTENDED],
  ['filename: continuations with encoded words', 'encoded words are read when the pieces have been put together'],
  ['white space everywhere', 'white space behind a quoted value is not part of it'],
  ['a comment that is not closed', 'it hides nothing'],
  ['filename: an encoded word with a space', 'mail programs read it, too'],
  ['base64 without padding', ODD_GROUP],
  ['base64 with text behind', ODD_GROUP],
  ['base64 with one character', ODD_GROUP],
  ['base64 with two characters', ODD_GROUP],
  ['base64 with a boundary in its line', ODD_GROUP],
  ['base64 with NULs and 8 bits', NULS],
  ['quoted-printable with 8 bits and NUL', NULS],
  ['binary', NULS],
  ['NULs in a plain part', NULS],
  ['quoted-printable in one line of 40000', LONG_LINES],
  ['a boundary behind 8191 octets of a line', LONG_LINES],
]);
