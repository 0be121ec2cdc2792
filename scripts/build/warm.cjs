// Runs the bundle once with the given arguments and writes its code cache: what has run is in it compiled, and what earlier
// runs compiled stays.
//   node warm.cjs <dist/exim.js> [arguments]
const { chmodSync, writeFileSync } = require('node:fs');

const [, , program, ...args] = process.argv;
const { loadBundle, start } = require(program);
const bundle = loadBundle(args);
process.on('exit', () => {
  // Modes that deliver have given up root.
  if (process.geteuid() !== process.getuid()) process.seteuid(process.getuid());
  if (process.getegid() !== process.getgid()) process.setegid(process.getgid());
  writeFileSync(bundle.cache, bundle.script.createCachedData());
  // The program clears the umask, and who can write the cache chooses what root runs.
  chmodSync(bundle.cache, 0o644);
});
process.argv.splice(1, 2, program);
start(bundle, args);
