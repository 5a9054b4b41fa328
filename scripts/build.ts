/** Builds the web app into dist/ when its sources changed since the last build, or with --force. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const sources = globSync(
  ['web/**/*', 'src/jmap/**/*.ts', 'src/base/**/*.ts', 'vite.config.ts', 'vite.editor.config.ts', 'package-lock.json'],
  {
    withFileTypes: true,
  },
)
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`)
  .toSorted();
const hash = createHash('sha256');
for (const file of sources) hash.update(file).update('\0').update(readFileSync(file));
const wanted = hash.digest('hex');
const mark = '.cache/web-build';
const fresh = existsSync('dist/index.html') && existsSync(mark) && readFileSync(mark, 'utf8') === wanted;
if (!fresh || process.argv.includes('--force')) {
  // stdout is of the command that comes after it: `postern audit --json`.
  console.error('Building the web app ...');
  for (const config of ['vite.config.ts', 'vite.editor.config.ts']) {
    const vite = ['node_modules/vite/bin/vite.js', 'build', '--config', config, '--logLevel', 'warn'];
    const built = spawnSync(process.execPath, vite, { stdio: 'inherit' });
    if (built.status !== 0) process.exit(built.status ?? 1);
  }
  for (const file of globSync('dist/**/*.{js,css,svg,json}')) {
    const bytes = readFileSync(file);
    if (bytes.length < 1024) continue;
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
  }
  mkdirSync('.cache', { recursive: true });
  writeFileSync(mark, wanted);
}
