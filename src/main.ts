import { enableCompileCache } from 'node:module';

// What is imported dynamically comes from the compile cache; static imports would load before it is on.
enableCompileCache();
const { run } = await import('./run.ts');
process.exitCode = await run(process.argv.slice(2), process.env);
