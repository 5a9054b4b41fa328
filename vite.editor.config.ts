import { defineConfig } from 'vite';

/** The editor's frame: one classic script, since a document of opaque origin may not load modules without CORS. */
export default defineConfig({
  root: 'web/editor',
  publicDir: 'public',
  build: {
    outDir: '../../dist/editor',
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: 'main.ts', formats: ['iife'], name: 'editor', fileName: () => 'editor.js' },
    cssCodeSplit: false,
  },
});
