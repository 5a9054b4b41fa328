// Sets the theme before the first paint. A file of its own: the page's CSP allows no inline script.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem('postern.theme');
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
