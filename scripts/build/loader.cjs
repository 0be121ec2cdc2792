// Starts the program: loads its chunks with the code caches beside them, which a Node of another version ignores.
// `npm run build` fills in the chunks' folder.
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`eximius: Node >= 24.15 is needed, ${process.execPath} is ${process.versions.node}\n`);
  process.exit(78);
}

const folder = path.join(__dirname, CHUNK_FOLDER);
const bundleUrl = `${pathToFileURL(__dirname).href}/`;
const modules = new Map();
const scripts = new Map();

function load(name) {
  const known = modules.get(name);
  if (known) return known.exports;
  const file = path.join(folder, name);
  // The chunks are ASCII, and one octet a character is read fastest.
  const source = `(function(exports,require,module,__bundleUrl){${fs.readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file, cachedData: readCache(`${file}.cache`) });
  scripts.set(file, script);
  const module = { exports: {} };
  modules.set(name, module);
  script.runInThisContext()(module.exports, requireFor, module, bundleUrl);
  return module.exports;
}

function readCache(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

function requireFor(name) {
  return name.startsWith('./') ? load(name.slice(2)) : require(name);
}

/** `args` are those of the command line; the launchers in bin/ put the name before them under which they were called. */
function start(args) {
  const prefix = '--called-as=';
  const isNamed = args[0]?.startsWith(prefix);
  return load('main.js').run(isNamed ? args[0].slice(prefix.length) : 'exim', isNamed ? args.slice(1) : args);
}

if (require.main === module) start(process.argv.slice(2));
else module.exports = { start, scripts };
