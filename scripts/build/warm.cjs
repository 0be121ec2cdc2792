// Runs the program once with the given arguments and writes its code caches: what has run is in them compiled, and what earlier
// runs compiled stays.
//   node warm.cjs <dist/exim.js> [arguments]
// With EXIMIUS_MODULES=<file> it only adds the numbers of the modules that ran to that file, one a line.
const { appendFileSync, chmodSync, writeFileSync } = require('node:fs');

const [, , file, ...args] = process.argv;
const { EXIMIUS_MODULES: modules } = process.env;
const { loadBundle, start } = require(file);
const bundle = loadBundle(args);
process.on('exit', () => {
  // Modes that deliver have given up root.
  if (process.geteuid() !== process.getuid()) process.seteuid(process.getuid());
  if (process.getegid() !== process.getgid()) process.setegid(process.getgid());
  if (modules) appendFileSync(modules, `${bundle.program.loadedModules().join('\n')}\n`);
  else bundle.scripts.forEach(writeCache);
});
process.argv.splice(1, 2, file);
start(bundle, args);

function writeCache({ script, cache }) {
  writeFileSync(cache, script.createCachedData());
  // The program clears the umask, and who can write the cache chooses what root runs.
  chmodSync(cache, 0o644);
}
