/** Where the reference program's way with a DKIM signature is not taken over, and why. */

const EXPLAINED: ReadonlyMap<string, string> = new Map([
  ['ed25519 too short', 'OpenSSL says that the key has 253 bits, GnuTLS 256'],
  ['empty body, simple', 'RFC 6376 s3.4.3: it is one line end'],
  ['only a header', 'its body is empty'],
  ['d= with control characters', 'they are escaped in every line'],
  ['i= with high octets', 'a line of the log is one line'],
  ['d= with a final dot', 'the name that is asked for is the same'],
  ['x= is huge', 'the reference fails; RFC 6376 s3.5: more than can be counted is as much as can be'],
  ['t= is negative', 'the reference fails'],
  ['wrong kind of key: rsa for ed25519', 'a key of another kind is none, whatever its octets are'],
  ['ed25519: an rsa key in p=', 'a key of another kind is none, whatever its octets are'],
  ['ed25519: a short key', 'words of GnuTLS'],
  ['key: flagsodd', 'RFC 6376 s3.6.1: flags are words of a list, not letters'],
  ['key: srvlist', 'RFC 6376 s3.6.1: s= is a list'],
  ['key: spaces', 'RFC 6376 s3.2: white space may stand around the equals sign'],
  ['key: several', 'records that are none of DKIM are passed over, in whatever order they come'],
  ['signers: forced fail', 'words for a forced failure'],
  ['more headers', 'there is no limit of 512 header lines'],
  ['a header of 66000', 'there is no limit of 64 KiB for a header line'],
  ['a signature of 66000', 'there is no limit of 64 KiB for a header line'],
  ['a long body line without signature', 'nothing is said of messages without signatures'],
  ['a line that is no header line ends the header', 'later versions do not verify it'],
  ['a bare CR in the header', 'later versions do not verify it'],
  ['a bare CR in the middle of a header line', 'later versions do not verify it'],
  ['a bare CR in the body, signed as newline', 'what is kept is verified, and later versions keep newlines'],
  ['a bare CR in the body, signed as it is', 'what is kept is verified, and later versions keep newlines'],
  ['a bare LF in the body, signed as newline', 'what is kept is verified, and later versions keep spaces'],
  ['a bare LF in the body, signed as space', 'what is kept is verified, and later versions keep spaces'],
  ['set status empty', 'the reference crashes'],
  ['set of the first of two', 'the reference says what the ACL made of the last one'],
]);

export function explainDkim(name: string): string | undefined {
  return EXPLAINED.get(name);
}
