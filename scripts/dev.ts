/** `npm run dev`: Postern with the demo, started again when its sources change, and Vite for the web app on port 5173. */
import { type ChildProcess, spawn } from 'node:child_process';

const run = (...parameters: string[]): ChildProcess => spawn(process.execPath, parameters, { stdio: 'inherit' });

const children = [
  run('--watch-path=src', '--watch-preserve-output', 'src/main.ts', 'demo'),
  run('node_modules/vite/bin/vite.js', '--host', '127.0.0.1'),
];
const stop = (): void => {
  for (const child of children) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
for (const child of children) child.once('exit', stop);
