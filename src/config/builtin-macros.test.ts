import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclFamily } from '../core/define/acl.ts';
import { defineTransport } from '../core/drivers.ts';
import { option } from '../core/option.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import { builtInMacroNames, type Definitions } from './builtin-macros.ts';
import { featureWords, mailboxWords } from './features.ts';

const named = (name: string, isNotYet?: boolean) => ({ name, ...(isNotYet ? { isNotYet } : {}) });

const appendfile = defineTransport({
  name: 'appendfile',
  summary: '',
  spec: '',
  isRemote: false,
  generic: { driver: option.string({ doc: '' }), max_parallel: option.string({ notYet: 'instance', doc: '' }) },
  options: {
    maildir_format: option.boolean({ default: false, doc: '' }),
    mbx_format: option.boolean({ default: false, notYet: 'instance', doc: '' }),
    notify_comsat: option.boolean({ default: false, notYet: 'notice', doc: '' }),
    rare: option.boolean({ default: false, notYet: 'instance', isOfSomeBuilds: true, doc: '' }),
  },
  create: () => ({ deliver: async () => [] }),
});
const lmtp = defineTransport({ name: 'lmtp', summary: '', spec: '', isRemote: false, options: { socket: option.string({ doc: '' }) } });

const definitions: Definitions = {
  routers: [],
  transports: [appendfile, lmtp] as unknown as Definitions['transports'],
  authenticators: [],
  lookups: [],
  // only names and isNotYet are read
  acl: {
    conditions: [named('verify'), named('malware', true), named('acl')],
    modifiers: [named('delay')],
    controls: [named('freeze'), named('utf8_downconvert', true)],
  } as unknown as AclFamily,
  expansion: {
    items: [named('perl', true), named('srs_encode')],
    operators: [named('sha3'), named('uc')],
    conditions: [named('crypteq'), named('<=')],
    variables: [named('tod_log')],
  } as unknown as ExpansionFamily,
  logSelectors: ['pid'],
};
const macros = builtInMacroNames(definitions);

test('macros claim what is built, of options what is understood, and nothing else', () => {
  const claimed = ['_HAVE_CRYPTEQ', '_HAVE_SRS', '_HAVE_TRANSPORT_APPEND_MAILDIR', '_CRYPTO_HASH_SHA3', '_CTL_FREEZE', '_EXP_OP_UC'];
  const others = ['_EXP_ITEM_SRS_ENCODE', '_EXP_COND_CRYPTEQ', '_EXP_VAR_TOD_LOG', '_LOG_PID', '_DRIVER_TRANSPORT_APPENDFILE'];
  const options = ['_OPT_TRANSPORT_APPENDFILE_MAILDIR_FORMAT', '_OPT_TRANSPORT_APPENDFILE_NOTIFY_COMSAT', '_OPT_TRANSPORTS_DRIVER'];
  const understood = ['_OPT_TRANSPORT_APPENDFILE_MBX_FORMAT', '_OPT_TRANSPORTS_MAX_PARALLEL'];
  const values = ['_OPT_OPENSSL_NO_TLSV1_3_X', '_OPT_OPENSSL_NO_TICKET_X'];
  for (const name of [...claimed, ...others, ...options, ...understood, ...values]) assert.ok(macros.includes(name), name);
  const absent = ['_HAVE_PERL', '_HAVE_CONTENT_SCANNING', '_HAVE_I18N', '_HAVE_TRANSPORT_APPEND_MBX', '_ACL_COND_MALWARE', '_EXP_COND_<='];
  const unbuilt = ['_DRIVER_TRANSPORT_LMTP', '_OPT_TRANSPORT_LMTP_SOCKET', '_OPT_TRANSPORT_APPENDFILE_RARE', '_EXP_ITEM_PERL'];
  for (const name of [...absent, ...unbuilt]) assert.ok(!macros.includes(name), name);
});

test('ACL conditions and modifiers are one table, shown from its end', () => {
  assert.deepEqual(
    macros.filter((name) => name.startsWith('_ACL_')),
    ['_ACL_COND_VERIFY', '_ACL_MOD_DELAY', '_ACL_COND_ACL'],
  );
});

test('words of -bV follow the macros', () => {
  const words = featureWords(new Set(macros));
  for (const word of ['crypteq', 'IPv6', 'OpenSSL', 'SRS']) assert.ok(words.includes(word), word);
  for (const word of ['Perl', 'I18N', 'Content_Scanning']) assert.ok(!words.includes(word), word);
  assert.deepEqual(mailboxWords(new Set(macros)), ['maildir']);
});
