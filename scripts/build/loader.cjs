// Starts the program: runs its bundle with the code cache beside it, which a Node of another version ignores.
// `npm run build` fills in the bundle's name.
const fs = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`eximius: Node >= 24.15 is needed, ${process.execPath} is ${process.versions.node}\n`);
  process.exit(78);
}

function loadBundle() {
  const file = path.join(__dirname, BUNDLE_NAME);
  // The bundle is ASCII, and one octet a character is read fastest.
  const source = `(function(exports,require,module,__bundleUrl){${fs.readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file, cachedData: readCache(`${file}.cache`) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundleUrl());
  return { script, file, run: module.exports.run };
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

if (require.main === module) start(loadBundle(), process.argv.slice(2));
else module.exports = { loadBundle, start };
