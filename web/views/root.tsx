import { useEffect, useState } from 'preact/hooks';
import { LitArch, Mark } from '#parts/icon.tsx';
import { LiveRegions } from '#parts/live.tsx';
import { proofAsked } from '#model/unlockers/proof.ts';
import { prepareComposer } from './composer-slot.tsx';
import { later } from './later.tsx';
import { AppContext, useModel, type App } from './model.ts';
import { Shell } from './shell.tsx';

const locked = later(async () => (await import('./lock/locked.tsx')).Locked);
const connect = later(async () => (await import('./connect/connect.tsx')).Connect);
const proof = later(async () => (await import('./unlock/proof-dialog.tsx')).ProofDialog);

const signIn = later(async () => (await import('./sign-in/sign-in.tsx')).SignIn);

const Whole = ({ children }: { children: preact.ComponentChildren }) => (
  <main class="state whole">
    <LitArch />
    {children}
  </main>
);

const Unreachable = () => {
  const { session } = useModel();
  return (
    <Whole>
      <b>Postern does not answer.</b>
      <p>Check the connection of this device. Nothing is lost.</p>
      <button type="button" class="btn primary" onClick={() => void session.open()}>
        Try again
      </button>
    </Whole>
  );
};

/** The frame of the window while it is not known who is here; shown only when that takes a moment. */
const Opening = () => {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div class="app" aria-busy="true">
      <div class="side">
        <div class="brand">
          <Mark />
          <span>Postern</span>
        </div>
      </div>
      <div class="bar" />
      <main class="court" />
    </div>
  );
};

const Screen = () => {
  const { session } = useModel();
  const state = session.state.value;
  switch (state.at) {
    case 'opening':
      return <Opening />;
    case 'signed-out':
      return <signIn.View ended={state.ended} />;
    case 'unreachable':
      return <Unreachable />;
    case 'locked':
      return <locked.View />;
    case 'signed-in':
      return <Shell />;
  }
};

/** What is needed without a line is fetched ahead; who is locked out or signed out is asked for no proof. */
const useReadiness = (): void => {
  const { session } = useModel();
  const inside = session.state.value.at === 'signed-in';
  useEffect(() => {
    if (!inside) {
      proofAsked.peek()?.answer(false);
      return undefined;
    }
    const timer = setTimeout(locked.fetch, 3_000);
    return () => clearTimeout(timer);
  }, [inside]);
};

const Page = () => {
  const { theme, toasts } = useModel();
  useReadiness();
  const shown = theme.value;
  const question = proofAsked.value;
  const [returning, setReturning] = useState(() => location.pathname === '/connect');
  useEffect(() => {
    document.documentElement.dataset['theme'] = shown;
  }, [shown]);
  return (
    <>
      {returning ? <connect.View onDone={() => setReturning(false)} /> : <Screen />}
      {question ? <proof.View question={question} /> : null}
      <LiveRegions polite={toasts.polite.value} assertive={toasts.assertive.value} />
    </>
  );
};

export const Root = ({ app }: { app: App }) => {
  useEffect(() => prepareComposer(app), []);
  return (
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>
  );
};
