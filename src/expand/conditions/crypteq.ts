/** `crypteq{plain}{encrypted}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTwo } from '../branches.ts';
import { comparePassword } from '../password.ts';

export default defineCondition({
  name: 'crypteq',
  summary: 'The first string, encrypted as the second is, gives the second.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if crypteq {test}{\\{md5\\}CY9rzUYh03PK3k6DJie09g==}{yes}{no}}', 'yes'],
    ['${if crypteq {test}{\\{MD5\\}098F6BCD4621d373cade4e832627b4f6}{yes}{no}}', 'yes'],
    ['${if crypteq {test}{\\{sha1\\}qUqP5cyxm6YcTAhz05Hph5gvu9M=}{yes}{no}}', 'yes'],
    ['${if crypteq {other}{\\{sha1\\}qUqP5cyxm6YcTAhz05Hph5gvu9M=}{yes}{no}}', 'no'],
    ['${if crypteq {test}{\\{foo\\}x}{yes}{no}}', { kind: 'fail', message: 'unknown encryption mechanism in "{foo}x"' }],
  ],
  arguments: [{ kind: 'string' }, { kind: 'string' }],
  compile:
    ([plain, encrypted]) =>
    (frame) =>
      withTwo(plain, encrypted, frame, (word, stored) => comparePassword(word.octets, stored.octets, frame)),
});
