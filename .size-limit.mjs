import { readFileSync } from 'node:fs';

/** What the browser fetches of script before the first mail list: all that the page itself names. */
const first = [...readFileSync('dist/index.html', 'utf8').matchAll(/assets\/[^"]+\.js/g)].map(
  ([path]) => `dist/${path}`,
);

export default [
  { name: 'script before the first mail list', path: first, limit: '60 kB', gzip: true },
  {
    name: 'sign-in, loaded when nobody is signed in',
    path: 'dist/assets/sign-in-*.js',
    limit: '20 kB',
    gzip: true,
  },
  { name: 'composer, loaded with the first letter', path: 'dist/assets/composer-*.js', limit: '16 kB', gzip: true },
  {
    name: 'settings, loaded when they are opened',
    path: [
      'dist/assets/settings-*.js',
      'dist/assets/pages-*.js',
      'dist/assets/accounts-*.js',
      'dist/assets/add-account-*.js',
    ],
    limit: '15 kB',
    gzip: true,
  },
  { name: 'editor, in its frame', path: 'dist/editor/editor.js', limit: '32 kB', gzip: true },
  { name: 'style', path: 'dist/assets/index-*.css', limit: '10 kB', gzip: true },
];
