/** Files made by exim_dbmbuild, keys with their final NUL. */
import { defineLookup } from '../../core/define/lookup.ts';
import { openDbm } from '../dbm-file.ts';

export default defineLookup({
  name: 'dbm',
  summary: 'Searches a file that exim_dbmbuild has made (or Berkeley DB or GDBM has written); keys are stored with a final NUL.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) => openDbm(file, frame, (key) => `${key.octets}\0`),
});
