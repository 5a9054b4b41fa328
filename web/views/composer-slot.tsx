import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { composerTrouble, setComposerLoader } from '#model/compose-port.ts';
import { withIcons } from './later.tsx';
import { useApp, type App } from './model.ts';

/** What the composer's chunk (`composer/composer.tsx`) exports. */
export interface ComposerModule {
  /** Called once, when the chunk is loaded: registers the composer at `#model/compose-port.ts`. */
  start(app: App): void;
  /** The docked and full-screen letters. */
  Docks: ComponentType;
  /** The answer written below a conversation; draws nothing when there is none. */
  Inline: ComponentType<{ threadId: string }>;
}

const loaded = signal<ComposerModule | null>(null);

/** The composer's code is fetched at the first letter, or when one waits to be gone on with. */
export const prepareComposer = (app: App): void => {
  const open = async (): Promise<void> => {
    if (loaded.peek()) return;
    const composer = await withIcons<ComposerModule>(() => import('./composer/composer.tsx'));
    composer.start(app);
    loaded.value = composer;
  };
  setComposerLoader(open);
  // A letter was left on this device.
  if (app.model.storage.keys().some((key) => key.startsWith('postern.letter.'))) open().catch(() => undefined);
};

export const ComposerDocks = () => {
  const { model } = useApp();
  const trouble = composerTrouble.value;
  if (trouble && model.toasts.current.peek()?.text !== trouble) model.toasts.show(trouble, { tone: 'failed' });
  const composer = loaded.value;
  return composer ? <composer.Docks /> : null;
};

export const ComposerInline = ({ threadId }: { threadId: string }) => {
  const composer = loaded.value;
  return composer ? <composer.Inline threadId={threadId} /> : null;
};
