// Starts the program: runs its bundle with a code cache beside it, which a Node of another version ignores. There are two bundles: one for the
// processes that go on, one for those that soon end (lazy-bundle.ts), which is in two parts.
// `npm run build` fills in the program's name.
const fs = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`eximius: Node >= 24.15 is needed, ${process.execPath} is ${process.versions.node}\n`);
  process.exit(78);
}

/**
 * Modes by the options and names that ask for them (with an equals sign at the end: by the beginning). Code of other modes costs as much
 * to read as that of this one: each has a cache of its own, all that are not named here share one, and all that of the seldom used part.
 */
const modes = {
  daemon: ['-bd', '-bdf', '-bs', '--eximius-role='],
  expand: ['-be', '-bem'],
  version: ['-bV'],
  information: ['-bI:help', '-bI:dscp', '-bI:sieve'],
  options: ['-bP'],
  address: ['-bt', '-bv', '-bvs'],
  queue: ['-bp', '-bpa', '-bpc', '-bpi', '-bpr', '-bpra', '-bpru', '-bpu', '--called-as=mailq'],
};

/** The program; `scripts` are the parts that were loaded, now and later. */
function loadBundle(args = []) {
  const mode = modeOf(args);
  const scripts = [];
  const load = (part, more) => {
    const file = path.join(__dirname, `PROGRAM_NAME.${part}.js`);
    // The bundle is ASCII, and one octet a character is read fastest.
    const source = fs.readFileSync(file, 'latin1');
    const cache = mode === undefined || part === 'lazy-rest' ? `${file}.cache` : `${file}.${mode}.cache`;
    const script = new Script(source, { filename: file, cachedData: readCache(cache) });
    scripts.push({ script, cache });
    const module = { exports: {} };
    script.runInThisContext()(module.exports, require, module, bundleUrl(), more);
    return module.exports;
  };
  if (mode === 'daemon') return { scripts, program: load('bundle') };
  const program = load('lazy', (use) => load('lazy-rest', use));
  // Who gives up root may not be able to read the program then.
  if (mode === undefined && process.getuid() === 0) program.loadRest();
  return { scripts, program };
}

function modeOf(args) {
  const isOne = (arg, option) => (option.endsWith('=') ? arg.startsWith(option) : arg === option);
  const isMode = ([, options]) => args.some((arg) => options.some((option) => isOne(arg, option)));
  const [mode] = Object.entries(modes).find(isMode) ?? [];
  // Users hand the rest over to the daemon (cli/submission.ts), and run little more than -bI does.
  const isHandedOver = process.getuid() !== 0 && !args.some((arg) => /^-[CD]/.test(arg));
  return mode ?? (isHandedOver ? 'information' : undefined);
}

function readCache(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

function bundleUrl() {
  return `file://${encodeURI(__dirname).replace(/[?#]/g, encodeURIComponent)}/`;
}

/** `args` are those of the command line; the launchers in bin/ put the name before them under which they were called. */
function start({ program }, args) {
  const prefix = '--called-as=';
  const isNamed = args[0]?.startsWith(prefix);
  return program.run(isNamed ? args[0].slice(prefix.length) : 'exim', isNamed ? args.slice(1) : args);
}

if (require.main === module) start(loadBundle(process.argv.slice(2)), process.argv.slice(2));
else module.exports = { loadBundle, start };
