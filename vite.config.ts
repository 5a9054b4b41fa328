import { defineConfig, type Plugin } from 'vite';

/**
 * Browsers remember that a module could not be fetched, until the page is loaded again: after a line that broke for a
 * moment it is asked for under another address.
 */
const fetchedAgain: Plugin = {
  name: 'fetched-again',
  augmentChunkHash: () => 'fetched-again',
  generateBundle: {
    // After Vite has put in what else a chunk needs: it knows nothing but a bare import.
    order: 'post',
    handler: (_, bundle) => {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        chunk.code = chunk.code.replaceAll(
          /\bimport\(`(\.\/[^`]+)`\)/g,
          'import(`$1`).catch(()=>import(`$1?`+Math.random()))',
        );
      }
    },
  },
};

/** The web app. Everything the page loads is a file of our own origin: the page's CSP allows nothing else. */
export default defineConfig({
  root: 'web',
  plugins: [fetchedAgain],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What later views share with the page comes with it in one file, not in seven small ones.
          groups: [
            { name: 'base', test: /node_modules|parts\/icon|base\/must|model\/(?:ahead|errors)/, tags: ['$initial'] },
          ],
        },
      },
    },
  },
  // `npm run dev`. With the Host of the page, which the door holds its Origin against; the editor's frame as it was built.
  server: {
    proxy: {
      '^/(auth|jmap|mail|\\.well-known)|^/editor/(?!.*\\.ts)': {
        target: `http://127.0.0.1:${process.env['POSTERN_PORT'] ?? 8080}`,
        changeOrigin: false,
      },
    },
  },
});
