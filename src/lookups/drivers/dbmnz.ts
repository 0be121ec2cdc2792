/** Files made by `exim_dbmbuild -nozero` and by other programs: keys without a final NUL. */
import { defineLookup } from '../../core/define/lookup.ts';
import { openDbm } from '../dbm-file.ts';

export default defineLookup({
  name: 'dbmnz',
  summary: 'Searches a dbm file whose keys are stored without a final NUL.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) => openDbm(file, frame, (key) => key.octets),
});
