/**
 * Pluggable Authentication Modules through koffi: one question to the modules of a service, answered in the calling thread. Modules wait (a wrong
 * password costs seconds) and are code of others, so this runs only in a process made for it. Linux-PAM's pam_start(3), pam_conv(3).
 */
import { createRequire } from 'node:module';
import { invariant } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets } from '../base/octets.ts';
import { assetPath } from './assets.ts';

export interface PamQuestion {
  readonly service: Octets;
  readonly user: Octets;
  /** In reply to the prompts, in their order. */
  readonly answers: readonly Octets[];
  /** In place of /etc/pam.d, for tests. */
  readonly configDirectory?: Octets | undefined;
}

/** PAM's code and its text. */
export interface PamVerdict {
  readonly code: number;
  readonly text: string;
}

const PAM_SUCCESS = 0;
const PAM_CONV_ERR = 19;
const PAM_SILENT = 0x8000;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
const POINTER_BYTES = 8;
/** `struct pam_response { char *resp; int resp_retcode; }` */
const RESPONSE_BYTES = 16;

type Pointer = bigint;

/** What is used of koffi. */
interface Koffi {
  load(path: string | null): { func(signature: string): (...values: (Pointer | number | Uint8Array | null)[]) => unknown };
  proto(result: string, parameters: readonly string[]): unknown;
  pointer(type: unknown): unknown;
  register(callback: (count: number, messages: Pointer, responses: Pointer) => number, type: unknown): unknown;
  unregister(callback: unknown): void;
  address(value: unknown): bigint;
  decode(pointer: Pointer, offset: number, type: string): unknown;
  encode(pointer: Pointer, offset: number, type: string, value: unknown): void;
}

/** Authenticates the user and looks whether the account is valid now. Undefined: there is no koffi or no libpam here. */
export function askPam(question: PamQuestion): PamVerdict | undefined {
  const native = load();
  if (native === undefined) return undefined;
  const { koffi, libc, pam } = native;
  const callback = koffi.register(
    conversation(question.answers, koffi, libc),
    koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *', 'void *'])),
  );
  const holder = Buffer.alloc(2 * POINTER_BYTES);
  holder.writeBigUInt64LE(koffi.address(callback), 0);
  const opened = Buffer.alloc(POINTER_BYTES);
  try {
    const { service, user, configDirectory } = question;
    const directory = configDirectory === undefined ? null : cString(configDirectory);
    const started = Number(pam.start(cString(service), cString(user), holder, directory, opened));
    if (started !== PAM_SUCCESS) return { code: started, text: String(pam.strerror(null, started)) };
    const handle = opened.readBigUInt64LE(0);
    let code = Number(pam.authenticate(handle, PAM_SILENT));
    if (code === PAM_SUCCESS) code = Number(pam.checkAccount(handle, PAM_SILENT));
    const text = String(pam.strerror(handle, code));
    pam.end(handle, code);
    return { code, text };
  } finally {
    koffi.unregister(callback);
  }
}

type Native = NonNullable<ReturnType<typeof load>>;

/**
 * Prompts get the answers in turn; the first one beyond them gets an empty string, the next is an error. Texts are passed over. What is answered is
 * allocated by C: libpam frees it.
 */
function conversation(answers: readonly Octets[], koffi: Koffi, libc: Native['libc']) {
  const left = [...answers];
  let isOver = false;
  const answer = (): Octets | undefined => {
    if (isOver) return undefined;
    isOver = left.length === 0;
    return left.shift() ?? '';
  };
  return (count: number, messages: Pointer, responses: Pointer): number => {
    const array = pointerOf(libc.calloc(count, RESPONSE_BYTES));
    for (let index = 0; index < count; index++) {
      const message = pointerOf(koffi.decode(messages, index * POINTER_BYTES, 'void *'));
      const style = Number(koffi.decode(message, 0, 'int'));
      if (style !== PAM_PROMPT_ECHO_OFF && style !== PAM_PROMPT_ECHO_ON) continue;
      const text = answer();
      if (text === undefined) return PAM_CONV_ERR;
      koffi.encode(array, index * RESPONSE_BYTES, 'void *', libc.strdup(cString(text)));
    }
    koffi.encode(responses, 0, 'void *', array);
    return PAM_SUCCESS;
  };
}

function pointerOf(value: unknown): Pointer {
  invariant(typeof value === 'bigint', 'koffi gives pointers as numbers');
  return value;
}

function load() {
  try {
    const koffi = createRequire(assetPath('package.json'))('koffi') as Koffi; // its documented interface
    const libc = koffi.load(null);
    const pam = koffi.load('libpam.so.0');
    return {
      koffi,
      libc: { calloc: libc.func('void *calloc(size_t count, size_t size)'), strdup: libc.func('void *strdup(const void *text)') },
      pam: {
        start: pam.func(
          'int pam_start_confdir(const void *service, const void *user, const void *conversation, const void *directory, void *handle)',
        ),
        authenticate: pam.func('int pam_authenticate(void *handle, int flags)'),
        checkAccount: pam.func('int pam_acct_mgmt(void *handle, int flags)'),
        strerror: pam.func('const char *pam_strerror(void *handle, int code)'),
        end: pam.func('int pam_end(void *handle, int status)'),
      },
    };
  } catch {
    return undefined; // not installed, or not for this platform: what needs it says so
  }
}

function cString(text: Octets): Buffer {
  return bytesFromOctets(`${text.split('\0', 1)[0]}\0`);
}
