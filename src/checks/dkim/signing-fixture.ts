/**
 * Signs messages for tests, plainly: whole texts and regular expressions, so that the streaming verifier has something else to agree with.
 * RFC 6376 s3.4, s3.7; RFC 8463. The keys are for tests only.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { lowerCase, type Octets, trimSpace } from '../../base/octets.ts';

const PEMS = {
  rsa512: `-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAK8ImFqWC4aSmPiNrn2z88GPTdpd8P4wcwnqsalKcBrBAR0QdR3z
uX6iK1tCjIOmHpIC6MRAJgQmphnMEnGW2A0CAwEAAQJAa0rcgWLKi+JfDLVkyb8+
Y18hvQKq0FYInoKUBw8PKwYy0Gjk+8s3jPtKvOF7+/SQTDRml8Fgf1uFXKFmOhNH
IQIhANTKEo22l1Tq9UnUoGQYW37BZCo8peBPnWc5+2nszIzpAiEA0pPGoHsBgCYt
vwfiWs2dYAqAvNvviK5mOxguShhiq4UCIBdkw9dqnIaMcj0UsDFw8BYmYsG1+zKG
7jIcEMTbcL2JAiAU2Y7sKuG+J4mWBZjS9tLjRIb0rC4ucV4r8bv7mCiE5QIhALx7
josofp32ZjLli6G9Yci0dAs7tv1OWJnIze9Shc1y
-----END RSA PRIVATE KEY-----`,
  rsa768: `-----BEGIN RSA PRIVATE KEY-----
MIIBywIBAAJhAMwhVhe657BxutpW20Hs9x2hZFs7WZJIOdvBtUnUeGjhrTGWT68E
eXp2U0BYSH9o3reMaP8W5de4c1arHAUhJ4yaI45vracv1ZvXrA8apYbwBB3YEbF0
GQPYDjL5CW/YOQIDAQABAmEAxWY3axtDkk1o9FuqDEarcevwsIjkRaGy0eCw/4SI
LGSQp7NDu2wITXS/bSnyccNmYJdXpIts6s+U6AVlSCi/P8Rg3Hx8+lqLu5gFODzB
il1Y5B4DGDAgXNUtjkxI+PxBAjEA/ODKn+oemXEy+N1wM9gHTcjeqkN4x9fLQH6i
Eq0E4kTDVTG39M0FjF+izUHrsxfLAjEAzqZ6xvViZSKbdtaZ3DdSn1w4rDaz+Og0
qi5xx/DJhn29g5jQTuXMIJXIxhqNdieLAjBRKSyfSprrkINVkGy0lv8xHekpKGKZ
cU8QshP+fn10ybEPpNdvwGWpegBcdG3bmyUCMH2CZ3eHeedrCXk4BeLWRvw7CsCt
yMkYX0QtSTXibMOegwf2PC5vK3dvAa4wWlK02QIxAIm4p6LNrmvCTnQr3v83jXyw
8EtiRUlaFXG8PHWcaOVYu+Sd5lXyU4bNH0ks8GvxBg==
-----END RSA PRIVATE KEY-----`,
  rsa1024: `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQCjf25hp+bAUkrdx04w2qL1xYEq3tO3KmZXxyZmdavCRGDmngli
etRKGUL9PYEd2/w+0T30ZCZJECf8n6ZWEKBH4TmpvLRhMEWbIbz/X4+LXwFVJBUu
SZ+ffYUzPLBCyeIx3UR7YnmZJnEjtjUSxG2T+X5wxHft0cMqAKHuyHpUgQIDAQAB
AoGAePZjzR5yy2FXAIRfZiesH1eTfAtF6iMVeuXdlDqE7AK5CoZr/Q9RFs1f0Yp6
h4PlOPiH9NNPvAiW/QGFB/HfEoASPv57bxrWarB72fbzENu27Kl0Gfym34J4wgWj
xnU9jUImCPlaQeNCNuZer64oBLI7MEOOHBn7BjjKV8cPAAECQQDWWqDUAUGyq5bV
SdA2vo2Wx4Z6kML7lUfpW7TxxPEsu+R3Dl5U5XA6XLukU3C+cSqHKo5nB9917nlO
Bqx4cHSBAkEAw0Na8+P6lsMiAMxxCpmg9Fbi4FwEHPXfITBBDPDs5vn97ggkVPBX
4grWuFgRfvPJGUpR6XXdmtl0796xyZngAQJBAJz4EP4vTWUBsprOSuNL93OK+TeX
+rExSE/jEEZb6iDQFyX4J6wTuHOEpQRY9h7/0BzbVRyt7z31PG+fA33PHAECQEjW
lFQMRAr/KW0A1l4s5sSesK0exg4DjcN0m593M/gJYzbq5JqmuTHB90z21Tf1Opvr
hFjBNfQwkBV2jf11IAECQQCvBxRn0YOm+KO/ktyiWyRsLN6ZaFclY63e0vQr97s2
qBOw6hQPzNEPQB60ywXYteZBs/U7fI/xm+InwmwAeQAY
-----END RSA PRIVATE KEY-----`,
  rsa2048: `-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEA1JrfIskrk+BOqOcQse9g7FCQSMhgCmYD8LgIhzap1w2OJeuv
9e8BnOI9Rd7JaFMmGkSWfBO/sSoqF1g3GwQxPoAZtD7RoCuQClla9jFc3z97J/Uj
dLlH3/DC/dTAlw908L2MwWsLjb4/Ue+u0xrmSDfCl5gEKy6LdvO+FxrZg3qjEX3W
0mb95Jl7nDusJCd7udvCvX8dfQnFX8Itm5l8WCO0Q4I2tqLcBLbSdxnmYhco3iGe
C9o1WR563ZcOFdOUAFpb0OaYf7NpQpDtSLw1GlOKdXXT3srokky0JbMbkwsVXBkz
DuzmAQPKbNAM00Xd2BJJ5op929XkSk4J23jGgQIDAQABAoIBAEZVifYnGTyNm1gz
QQmsiKMFMAZ0C5nFEA6lw2SACAX2HQ2cgBTbYew1yFGCF51kzJkqEaKwod0Jdu1M
KMbOR0BG/rnrgkv7vWY/E2GZCQFuLd8VMQqfdRC3xLpWlPQkj+pIuvUN5b+Zrbb8
lRiPsJk5oS2ng9GJT2gl0MAyCL1+zUVzc6UFivP7B8MiPzXhSt3mKzAfGzXcReJA
dWTjdDEk1vPTeogcgbQqBgeSEqV7tfgdT1KgRkOpnq3Zjbn7Clt5zluNbgPcfu8a
dlpEXllVzuIV+EKbIKLJKbvbYHK7uHexWsBihFp9M/WcE7Zrwj5Ct9rgeHwE7Pbr
LV1yEJUCgYEA9I/enAnSgXRRRUXcpDQB6TBcSy7r6LHyaGnScoIJ6I/VwVDcQYvP
E5/vdEm8Nw6F6WDLbkHo1SFB1H6epFy1ZtSoRqw/JI+DDnl6DGtuGadVP+60Bu0+
1TE6tzDtjL5vkO0IX2MDLX2GxZghB+/1Ut8AWWVZsYGjKKo5jwMF+tMCgYEA3oxh
yClsbFzApwzwlziyyDxVwvr0CUVgaGViU9mvBRe4y2uHdFn8fFVKW9sc+g/StzVp
11PHBfxIQpRilHLLctdRGN7Be1ycnuV1Ul+2E9MzF43qBl5ojj/z0Emwwt18G1dw
3Uk11eEFeUR6MzQDia+IcFyhaiSZSCkwGCyPfNsCgYAXOscpSSGOnE7P5qfjjPEV
hjtuBMHxs11UH6EWsVVhmq/yEc0qCK6drZZgFFTlYeLEXSZVjbsg62zGU1ScRhYQ
82gcdmX1AhCvwkgef+HQW/2T+gdtlQFf3LI4DlSyBrCwMmOWM+BsZLz1bdLNXzSN
L5Nn6mGPo8GsriaTd/UMcwKBgBUCdby6xGSagQmEPDZagO5MW+BTZrR1Wzufzp+R
3mcBrU1u8lO2pxJpzuJLFjo5QjBPl5VfcFuNTJkUfxX6nGBUGXDanrNxs8uAaAoF
xR+sAZfIqv487Wv4d6EDQ++xjyTZpWsOnUl6u9SN9WdeErNt4diRth9aIypf0Q2H
L2ifAoGBAOvjBIcSsy4OlwNGz+N59D2IfismKMMct122rxFYJiD3EI85po3Sm4mN
uS9z6FjiaPYoG+Vb+MqfD5QFCdXr28yyvz/f0fw5yBHJpgKl+6hQpfLNAHkMJNWt
XgzrY1XqQ9OfalUQKsylq0dkOJbf+/gDNo7H6WSSjB6+kvQUOcrA
-----END RSA PRIVATE KEY-----`,
  otherRsa: `-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQC/0/rba+oQ+TNMGNzAshaQistFg7ztgla4XEjy5UDdnGC5bkXO
Tsd+gaz3JslX3L2nLmTHINfv17aRJqOn1mVrPu4yeffvfcqs8GW3GDPbdqeGCjh3
kDe1+EissXoi2wzmKXZ+coL+VA6ovpjEyUTcQzb3jsWZ3NI8jByOHQtstwIDAQAB
AoGBAIqcplv/MndpWsPWA03KYbu4TwHAG7iTwg4dwSiit6hq4wmawR4+lrC3C0Db
6glvHCu9vlyVQvOwL9/ax87zgPwpeCoaJXCHShE5oQPCMMTlUSLrNyd6wTymU0XK
oZr5XfpnWmLMJBYWr+Q1RtL+heBCjs3EyPRVmyXPWHOeCDYBAkEA4t0dgmQVYwfu
veuQROL/I2VwrFCbe5XNN0Fo4k0JM1rf7mxfweFbn+EiY+Bll+TqD9+caKcNdyyp
EHZFn3qydwJBANh288jD6Aw3Ocbd5KPvn/wKL4H2YEaqTWRUPmSkBT+CLEJShnJ9
27tCdljB+KAlol1LuIr01KufgMlwQHRrZ8ECQFQAwiuE+bJYvptOfXY0g3rM1gLI
OjpxxrI+IyMgmVaNwLtdH7v/wVibGYvYDGZJGi5Ug2rw6HiHbfathKw/15MCQCD0
Eu7YbCYX7jLJKvqOC0P6ZPsa/9MiL//7FziJA8eEUKqUF6WsZVwfpRakCO6QbCRZ
17FHzmyGLrv728QdacECQEOzLOsLiSfIr6+KmMwt2RsdkvxFy6fJCrfZSRffPXVG
EfNDROBgUWlORTZ8S08JgpDQKhKHWs0M7GuoTdNgMMw=
-----END RSA PRIVATE KEY-----`,
  ed25519: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEW0ONPl+R4xnD38bHEJn4FpmAXglJ2yRusOfr042J1J
-----END PRIVATE KEY-----`,
} as const;

export type TestKey = keyof typeof PEMS;

export type Canonicalization = 'simple' | 'relaxed';

/** The private key in its armour. */
export function privatePem(key: TestKey): string {
  return PEMS[key];
}

function privateKey(key: TestKey): KeyObject {
  return createPrivateKey(PEMS[key]);
}

/** The value of `p=`. */
export function publicKeyOf(key: TestKey): Octets {
  const der = createPublicKey(privateKey(key)).export({ type: 'spki', format: 'der' });
  return (key === 'ed25519' ? der.subarray(-32) : der).toString('base64');
}

/** A key record. */
export function keyRecord(key: TestKey): Octets {
  return `v=DKIM1; k=${key === 'ed25519' ? 'ed25519' : 'rsa'}; p=${publicKeyOf(key)}`;
}

export interface Signing {
  /** Each line with its CRLF. */
  readonly headers: readonly Octets[];
  /** With CRLF. */
  readonly body: Octets;
  readonly key: TestKey;
  /** `a=`. */
  readonly algorithm?: string;
  /** `c=`: header and body. */
  readonly canonicalization?: readonly [Canonicalization, Canonicalization];
  readonly domain?: Octets;
  readonly selector?: Octets;
  /** `h=`; absent: all that there are, in order. */
  readonly names?: readonly Octets[];
  /** `l=`. */
  readonly bodyLength?: number | undefined;
  /** Further tags, or others instead of those with the same name; undefined leaves a tag out. */
  readonly tags?: Readonly<Record<string, Octets | undefined>>;
  /** Changes the header line's text before it is signed, `b=` still empty. */
  readonly shape?: (line: Octets) => Octets;
  /** Writes the signature into the line. */
  readonly fold?: (signature: Octets) => Octets;
}

/** The DKIM-Signature: line, with CRLF. */
export function signatureLine(signing: Signing): Octets {
  const { key, body, domain = 'test.ex', canonicalization: [headerForm, bodyForm] = ['relaxed', 'relaxed'] } = signing;
  const algorithm = signing.algorithm ?? (key === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256');
  const hash = algorithm.split('-').at(-1) ?? 'sha256';
  const names = signing.names ?? signing.headers.map((line) => line.slice(0, line.indexOf(':')));
  const canonical = canonicalBody(body, bodyForm).slice(0, signing.bodyLength ?? Number.POSITIVE_INFINITY);
  const tags: Record<string, Octets | undefined> = {
    v: '1',
    a: algorithm,
    c: `${headerForm}/${bodyForm}`,
    d: domain,
    s: signing.selector ?? 'sel',
    h: names.join(':'),
    ...(signing.bodyLength === undefined ? {} : { l: String(signing.bodyLength) }),
    bh: createHash(hash).update(Buffer.from(canonical, 'latin1')).digest('base64'),
    ...signing.tags,
    b: '',
  };
  const list = Object.entries(tags).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const shape = signing.shape ?? ((line: Octets) => line);
  const line = shape(`DKIM-Signature: ${list.join('; ')}`);
  const signed = canonicalHeaders(signing.headers, names, headerForm) + canonicalHeader(line, headerForm).replace(/\r\n$/, '');
  const signature = signData(key, hash, Buffer.from(signed, 'latin1')).toString('base64');
  return `${line.replace(/b=$/, `b=${(signing.fold ?? ((text) => text))(signature)}`)}\r\n`;
}

function signData(key: TestKey, hash: string, data: Buffer): Buffer {
  if (key !== 'ed25519') return sign(hash, data, privateKey(key));
  return sign(undefined, createHash(hash).update(data).digest(), privateKey(key));
}

/** RFC 6376 s5.4.2: of repeated names the last line first. */
function canonicalHeaders(headers: readonly Octets[], names: readonly Octets[], form: Canonicalization): Octets {
  const left = [...headers];
  return names
    .map((name) => {
      const at = left.findLastIndex((line) => lowerCase(trimSpace(line.slice(0, line.indexOf(':')))) === lowerCase(trimSpace(name)));
      return at < 0 ? '' : left.splice(at, 1).map((line) => canonicalHeader(line, form))[0];
    })
    .join('');
}

/** RFC 6376 s3.4.1, s3.4.2. */
export function canonicalHeader(line: Octets, form: Canonicalization): Octets {
  if (form === 'simple') return line;
  const colon = line.indexOf(':');
  const value = line
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');
  return `${lowerCase(trimSpace(line.slice(0, colon)))}:${value}\r\n`;
}

/** RFC 6376 s3.4.3, s3.4.4. */
export function canonicalBody(body: Octets, form: Canonicalization): Octets {
  const text =
    form === 'simple'
      ? body
      : body
          .replace(/[ \t]+/g, ' ')
          .replace(/ \r\n/g, '\r\n')
          .replace(/ $/, '');
  let content = text;
  while (content.endsWith('\r\n')) content = content.slice(0, -2);
  return content === '' ? (form === 'simple' ? '\r\n' : '') : `${content}\r\n`;
}
