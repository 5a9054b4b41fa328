// Plain JavaScript for any Node from 18 on: brings a fresh clone to the point where the pinned Node can run the rest.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const [command = 'start', ...args] = process.argv.slice(2);

const fail = (words) => {
  console.error(`\nPostern: ${words}`);
  process.exit(1);
};

/** Runs a step in the foreground; its words are the person's to read. */
const step = (name, file, parameters, options = {}) => {
  const done = spawnSync(file, parameters, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) fail(`${name} could not be started: ${done.error.message}`);
  if (done.status !== 0) fail(`${name} ended with ${done.status ?? done.signal}.`);
};

/** Packages with a binary for each platform in them, and what makes them load it. */
const natives = { 'better-sqlite3-multiple-ciphers': "(':memory:')", 'sodium-native': '' };

/** Installs the packages of the lock file when they are missing or belong to another lock file. Answers the Node to run. */
const ensurePackages = () => {
  const lock = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  const mark = at('node_modules', '.postern-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return pinnedNode();
  console.error('Installing packages (once, under a minute) ...');
  const npm = process.env.npm_execpath;
  const [file, first] = npm && /\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  // Not `npm ci`: it wants the optional packages of every platform in the lock file, and a registry may not have them all.
  // No steps of the packages' own: for one whose binary lies in it npm would call for Python.
  const parameters = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
  step('npm install', file, [...first, ...parameters], { env: { ...process.env, NODE_ENV: 'development' } });
  const node = pinnedNode();
  for (const [name, use] of Object.entries(natives)) {
    if (spawnSync(node, ['-e', `require('${name}')${use}`], { cwd: root, stdio: 'ignore' }).status !== 0)
      fail(`"${name}" brings no binary that runs on ${process.platform}-${process.arch}, so Postern cannot run here.`);
  }
  writeFileSync(mark, lock);
  return node;
};

/** The Node that Postern is written for: the pinned one, else our own when it is new enough. */
const pinnedNode = () => {
  const file = at('node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  // The package's own step, which fetches the binary.
  if (!existsSync(file) && existsSync(at('node_modules', 'node', 'installArchSpecificPackage.js')))
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: at('node_modules', 'node'),
      stdio: 'inherit',
    });
  if (existsSync(file) && spawnSync(file, ['--version']).status === 0) return file;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(
    `this machine has Node ${process.versions.node}, Postern needs 24, and the "node" package could not be installed for ${process.platform}-${process.arch}. Install Node 24 or newer and try again.`,
  );
};

const ensureBuilt = (node) => {
  step('Building the web app', node, [at('scripts', 'build.ts')]);
};

const scripts = {
  start: { needs: 'demo', build: true, run: ['src/main.ts', process.env.POSTERN_DEMO === '0' ? 'serve' : 'demo'] },
  postern: { build: true, run: ['src/main.ts'] },
  dev: { needs: 'demo', build: true, run: ['scripts/dev.ts'] },
  build: { run: ['scripts/build.ts', '--force'] },
  test: { needs: 'test', build: true, run: ['scripts/test.ts'] },
  journeys: { needs: 'test', build: true, run: ['scripts/test.ts', 'test/journeys/**/*.test.ts'] },
  check: { needs: 'test', build: true, run: ['scripts/test.ts', 'scripts/**/*.test.ts'] },
  bench: { needs: 'demo', build: true, run: ['bench/run.ts'] },
  format: { run: ['scripts/format.ts'] },
};

const script = scripts[command];
if (!script) fail(`unknown script "${command}".`);
process.chdir(root);
const node = ensurePackages();
mkdirSync(at('.cache'), { recursive: true });
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? at('.cache', 'compile'),
  PATH: `${dirname(node)}:${process.env.PATH}`,
};
if (script.needs) step('Installing what it needs', node, [at('scripts', 'needs.ts'), script.needs], { env });
if (script.build) ensureBuilt(node);

const [entry, ...fixed] = script.run;
const child = spawn(node, [at(entry), ...fixed, ...args], { cwd: root, stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)));
