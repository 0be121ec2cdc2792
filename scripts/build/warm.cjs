// Runs the bundle once with the given arguments and writes the code caches of the chunks it loaded: what has run is in them
// compiled, and what earlier runs compiled stays.
//   node warm.cjs <dist/exim.js> [arguments]
const { writeFileSync } = require('node:fs');

const [, , program, ...args] = process.argv;
const { start, scripts } = require(program);
process.on('exit', () => {
  for (const [file, script] of scripts) writeFileSync(`${file}.cache`, script.createCachedData());
});
process.argv.splice(1, 2, program);
start(args);
