// Starts the program: runs its bundle with a code cache beside it, which a Node of another version ignores. Code of other modes costs as much
// to read as that of this one, so that short-lived modes have caches of their own.
// `npm run build` fills in the bundle's name.
const fs = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`eximius: Node >= 24.15 is needed, ${process.execPath} is ${process.versions.node}\n`);
  process.exit(78);
}

/** Modes by the options and names that ask for them (with an equals sign at the end: by the beginning); all others share one cache. */
const cachedModes = {
  daemon: ['-bd', '-bdf', '-bs', '--eximius-role='],
  expand: ['-be', '-bem'],
  version: ['-bV'],
  options: ['-bP'],
  address: ['-bt', '-bv', '-bvs'],
  queue: ['-bp', '-bpa', '-bpc', '-bpi', '-bpr', '-bpra', '-bpru', '-bpu', '--called-as=mailq'],
};

function loadBundle(args = []) {
  const file = path.join(__dirname, BUNDLE_NAME);
  // The bundle is ASCII, and one octet a character is read fastest.
  const source = fs.readFileSync(file, 'latin1');
  const cache = cacheFile(file, args);
  const script = new Script(source, { filename: file, cachedData: readCache(cache) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundleUrl());
  return { script, cache, run: module.exports.run };
}

function cacheFile(file, args) {
  const isOne = (arg, option) => (option.endsWith('=') ? arg.startsWith(option) : arg === option);
  const isMode = ([, options]) => args.some((arg) => options.some((option) => isOne(arg, option)));
  const [name] = Object.entries(cachedModes).find(isMode) ?? [];
  return name === undefined ? `${file}.cache` : `${file}.${name}.cache`;
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
function start({ run }, args) {
  const prefix = '--called-as=';
  const isNamed = args[0]?.startsWith(prefix);
  return run(isNamed ? args[0].slice(prefix.length) : 'exim', isNamed ? args.slice(1) : args);
}

if (require.main === module) start(loadBundle(process.argv.slice(2)), process.argv.slice(2));
else module.exports = { loadBundle, start };
