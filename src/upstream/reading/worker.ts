import { enableCompileCache } from 'node:module';

// What is imported dynamically comes from the compile cache; static imports would load before it is on.
enableCompileCache();
await import('./thread.ts');
