/** `${imapfolder{folder}{separator}{specials}}`. Spec ch. 60 "MDA operations". */
import { unicodeFromOctets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { emptyText } from '../../core/text.ts';
import { translate } from '../../message/header.ts';
import { eager, mapText } from '../branches.ts';
import { defaultCharset } from '../header-value.ts';
import { encodeImapFolder } from '../imap-folder.ts';

export default defineItem({
  name: 'imapfolder',
  summary: 'A folder with its levels as the name of a Maildir.',
  spec: 'ch. 60 "MDA operations"',
  examples: [
    ['${imapfolder{Foo/Bar}}', 'Foo.Bar'],
    ['${imapfolder{Foo/Bar}{.}{/}}', 'Foo&AC8-Bar'],
    ['${imapfolder{Foo.Bar}}', { kind: 'fail', message: "imapfolder: illegal character '.'" }],
    ['${imapfolder{R\\xc3\\xa4ksm\\xc3\\xb6rg\\xc3\\xa5s}}', 'R&AOQ-ksm&APY-rg&AOU-s'],
    ['${imapfolder{a}{zz}}', { kind: 'fail', message: 'IMAP folder separator must be one character, found "zz"' }],
  ],
  arguments: [{ kind: 'strings', min: 1, max: 3 }],
  compile: eager(([folder = emptyText, separator, specials = emptyText], frame) => {
    const charset = frame.config.main.headers_charset ?? defaultCharset;
    const sign = separator?.octets ?? '/';
    if (sign.length !== 1) return fail(`IMAP folder separator must be one character, found "${sign}"`);
    const unicode = unicodeFromOctets(translate(folder.octets, charset, 'UTF-8'));
    if (unicode === undefined) {
      const reason = TRUNCATED.test(folder.octets) ? 'Invalid argument' : 'Invalid or incomplete multibyte or wide character';
      return fail(`imapfolder: iconv() failed to convert from ${charset}: ${reason}`);
    }
    return mapText(encodeImapFolder(unicode, sign, specials.octets), folder);
  }),
});

/** UTF-8 that ends inside a character: for iconv(3) not wrong, but incomplete. */
const TRUNCATED =
  /^(?:[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})$/;
