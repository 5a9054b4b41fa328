import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { openPush, type PushMessage, type PushPorts, type StreamHandlers } from './push.ts';
import { settled } from './testing.ts';

/** Tabs of one browser: one lock, one channel. */
const openTabs = () => {
  const clock = stillClock();
  const streams: StreamHandlers[] = [];
  const listeners = new Map<number, (message: PushMessage) => void>();
  let held: Promise<void> = Promise.resolve();
  let tabs = 0;
  const openTab = () => {
    const me = tabs++;
    const heard: string[] = [];
    const ports: PushPorts = {
      openStream: (_, handlers) => {
        streams.push(handlers);
        return { close: () => streams.splice(streams.indexOf(handlers), 1) };
      },
      whileLeading: (_, lead, signal) => {
        held = held.then(() => (signal.aborted ? undefined : lead()));
        return held;
      },
      post: (message) => {
        for (const [tab, listener] of listeners) if (tab !== me) listener(message);
      },
      onMessage: (listener) => {
        listeners.set(me, listener);
        return () => listeners.delete(me);
      },
    };
    const push = openPush(ports, clock, {
      changed: ({ changed }) => heard.push(`changed ${Object.keys(changed).join()}`),
      height: ({ token }) => heard.push(`height ${token}`),
      session: () => heard.push('session'),
      reopened: () => heard.push('open'),
      signedOut: () => heard.push('signed out'),
    });
    push.start();
    return { push, heard };
  };
  return { clock, streams, openTab };
};

const change = JSON.stringify({ '@type': 'StateChange', changed: { A1: { Email: '2' } } });

test('one stream for all tabs; the others hear of it', async () => {
  const { streams, openTab } = openTabs();
  const [one, two] = [openTab(), openTab()];
  await settled();
  assert.equal(streams.length, 1);
  streams[0]?.open();
  streams[0]?.event('state', change);
  streams[0]?.event('height', '{"token":"t1"}');
  streams[0]?.event('state', 'not json');
  streams[0]?.event('session', '');
  assert.deepEqual(
    [one.heard, two.heard],
    [
      ['open', 'changed A1', 'height t1', 'session'],
      ['changed A1', 'height t1', 'session'],
    ],
  );
});

test('when the leader closes, another tab takes over', async () => {
  const { streams, openTab } = openTabs();
  const [one, two] = [openTab(), openTab()];
  await settled();
  one.push.stop();
  await settled();
  assert.equal(streams.length, 1);
  streams[0]?.open();
  assert.deepEqual(two.heard, ['open']);
});

test('a stream that breaks is opened again after a rest; one that never opened says so', async () => {
  const { clock, streams, openTab } = openTabs();
  const tab = openTab();
  await settled();
  streams[0]?.open();
  streams[0]?.end();
  await settled();
  assert.equal(streams.length, 0);
  clock.pass(1_000);
  await settled();
  streams[0]?.end();
  await settled();
  assert.deepEqual(tab.heard, ['open', 'session']);
  clock.pass(2_000);
  await settled();
  assert.equal(streams.length, 1);
});

test('a stream that falls silent is taken for dead', async () => {
  const { clock, streams, openTab } = openTabs();
  openTab();
  await settled();
  const first = streams[0];
  first?.open();
  clock.pass(60_000);
  first?.event('ping', '{}');
  clock.pass(60_000);
  await settled();
  assert.equal(streams[0], first);
  clock.pass(31_000);
  await settled();
  clock.pass(1_000);
  await settled();
  assert.notEqual(streams[0], first);
});

test('signing out is told to the other tabs', async () => {
  const { openTab } = openTabs();
  const [one, two] = [openTab(), openTab()];
  one.push.tellSignedOut();
  assert.deepEqual([one.heard, two.heard], [[], ['signed out']]);
});
