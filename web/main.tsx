import { signal } from '@preact/signals';
import { render } from 'preact';
import { systemClock } from '#base/clock.ts';
import { must } from '#base/must.ts';
import { openCommands } from '#model/commands.ts';
import { openModel } from '#model/model.ts';
import { browserHistory, browserLock, browserPush, browserStorage, onTouch, watchMedia } from './browser.ts';
import { Root } from '#views/root.tsx';
import './style/style.css';

const model = openModel({
  fetch: (url, init) => fetch(url, init),
  clock: systemClock,
  history: browserHistory(),
  storage: browserStorage(),
  push: browserPush(),
  lock: browserLock(),
  systemDark: watchMedia('(prefers-color-scheme: dark)', signal),
  onePane: watchMedia('(max-width: 719px)', signal),
});

const app = { model, commands: openCommands(model) };
render(<Root app={app} />, must(document.querySelector('#app'), 'the page has a place for the app'));
void model.session.open();

onTouch(() => model.lock.used());
// What an input method takes (code 229, UI Events §7.3.1) is no key of ours: macOS calls it Enter or Escape all the same.
addEventListener('keydown', (event) => event.keyCode === 229 && event.stopPropagation(), true);
addEventListener('online', () => model.wake());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && model.wake());
