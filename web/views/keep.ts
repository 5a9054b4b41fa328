import { keepFocus } from '#parts/keep-focus.ts';
import type { Model } from '#model/model.ts';
import { offerVault } from '#model/unlockers/hint.ts';
import { tellNew } from './tell-new.ts';

const letterWindow = '.comp:is(.docked, .full)';

/** What Escape does to the letter that fills the window; of several, the one on top. */
const minimise = (): void => {
  const escape = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
  [...document.querySelectorAll(letterWindow)].at(-1)?.dispatchEvent(escape);
};

/** On a phone a letter being written fills the window: the way back leads out of it first. */
const keepBack = ({ onePane, router }: Model): (() => void) => {
  let uncover: (() => void) | null = null;
  const look = (): void => {
    const isOpen = onePane.peek() && document.querySelector(letterWindow) !== null;
    if (isOpen)
      uncover ??= router.cover(() => {
        uncover = null;
        minimise();
      });
    else {
      uncover?.();
      uncover = null;
    }
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ['class'] });
  look();
  return () => watch.disconnect();
};

/** A file that is dropped beside the letter it was meant for does not take the page's place. */
const keepPage = (): (() => void) => {
  const refuse = (event: DragEvent): void => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  addEventListener('dragover', refuse);
  addEventListener('drop', refuse);
  return () => {
    removeEventListener('dragover', refuse);
    removeEventListener('drop', refuse);
  };
};

/** What keeps the page, the focus, and the way back, whatever comes and goes on the page; what is offered once mail is there, and told of what comes. */
export const keep = (model: Model): (() => void) => {
  const stops = [keepPage(), keepFocus(), keepBack(model), offerVault(model), tellNew(model)];
  return () => stops.forEach((stop) => stop());
};
