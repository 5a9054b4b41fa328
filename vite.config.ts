import { defineConfig } from 'vite';

/** The web app. Everything the page loads is a file of our own origin: the page's CSP allows nothing else. */
export default defineConfig({
  root: 'web',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '^/(auth|jmap|mail|\\.well-known)': 'http://127.0.0.1:8080' } },
});
