// Starts the program: loads its chunks with the code caches beside them, which a Node of another version ignores.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`eximius: Node >= 24.15 is needed, ${process.execPath} is ${process.versions.node}\n`);
  process.exit(78);
}

const folder = path.join(__dirname, CHUNK_FOLDER);
const bundleUrl = `file://${encodeURI(__dirname).replace(/[?#]/g, encodeURIComponent)}/`;
const modules = new Map();
const scripts = new Map();

function load(name) {
  const known = modules.get(name);
  if (known) return known.exports;
  const file = path.join(folder, name);
  let cachedData;
  try {
    cachedData = fs.readFileSync(`${file}.cache`);
  } catch {
    // Without its cache a chunk is compiled as usual.
  }
  const script = new Script(`(function(exports,require,module,__filename,__dirname,__bundleUrl){${fs.readFileSync(file, 'latin1')}\n})`, {
    filename: file,
    cachedData,
  });
  scripts.set(file, script);
  const module = { exports: {} };
  modules.set(name, module);
  script.runInThisContext()(module.exports, requireFor, module, file, folder, bundleUrl);
  return module.exports;
}

function requireFor(name) {
  return name.startsWith('./') ? load(name.slice(2)) : require(name);
}

// The launchers in bin/ say under which name they were called.
const prefix = '--called-as=';
let calledAs = 'exim';
if (process.argv[2]?.startsWith(prefix)) {
  calledAs = process.argv[2].slice(prefix.length);
  process.argv.splice(2, 1);
}

module.exports = { scripts, run: () => load('main.js').START };
if (require.main === module) module.exports.run();
