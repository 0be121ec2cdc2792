/** dbm files whose keys have parts, joined with NULs, as in Cyrus SASL's sasldb2. */
import { parseList } from '../../base/list-text.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { openDbm } from '../dbm-file.ts';

export default defineLookup({
  name: 'dbmjz',
  summary: 'Searches a dbm file; the key is a list whose items are joined with NULs.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) => openDbm(file, frame, (key) => parseList(key.octets).items.join('\0')),
});
