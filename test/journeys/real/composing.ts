import type { FrameLocator, Locator, Page } from 'playwright-core';

/** A letter being written in a window, by its subject. */
export const composer = (page: Page, title: string): Locator => page.getByRole('dialog', { name: title, exact: true });

/** An answer being written below its conversation. */
export const inlineComposer = (page: Page): Locator => page.locator('.comp.inline');

const frame = (within: Locator): FrameLocator => within.frameLocator('iframe.editor-frame');

/** Where the text is written. */
export const editorOf = (within: Locator): Locator =>
  frame(within).getByRole('textbox', { name: 'Text of the letter' });

/** Names that the editor's document has. */
interface Dom {
  DataTransfer: new () => { items: { add(file: File): void } };
  ClipboardEvent: new (type: string, init: object) => Event;
}

/** A file from the clipboard, as a screenshot tool leaves it there. */
export const paste = (within: Locator, bytes: Buffer, name: string, type: string): Promise<void> =>
  editorOf(within).evaluate(
    (root, given) => {
      const { DataTransfer, ClipboardEvent } = globalThis as unknown as Dom;
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(given.base64), (char) => char.charCodeAt(0))], given.name, given));
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      (root as unknown as EventTarget).dispatchEvent(event);
    },
    { base64: bytes.toString('base64'), name, type },
  );

/** Sends; resolves when the hold counts down. */
export const pressSend = async (page: Page, within: Locator): Promise<void> => {
  await within.getByRole('button', { name: /^Send/u }).click();
  await page
    .locator('.toast')
    .getByText(/^Sending in/u)
    .waitFor();
  await within.waitFor({ state: 'detached' });
};

/** Does not wait for the hold to end. */
export const sendNow = (page: Page): Promise<void> => page.getByRole('button', { name: 'Send now' }).click();

/** The hold of 20 s may still have to pass. */
export const sentToast = (page: Page): Promise<void> =>
  page.locator('.toast').getByText('Sent', { exact: true }).waitFor({ timeout: 40_000 });
