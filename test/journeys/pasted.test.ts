import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { openDesk, type Desk } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { until } from './real/world.ts';

/** What is pasted from other programs, as it is drawn and as it is sent. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

/** Names that the editor's document has. */
interface Dom {
  DataTransfer: new () => { setData(type: string, text: string): void };
  ClipboardEvent: new (type: string, init: object) => Event;
}

const paste = (letter: Locator, html: string): Promise<void> =>
  editorOf(letter).evaluate((root, given) => {
    const { DataTransfer, ClipboardEvent } = globalThis as unknown as Dom;
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/html', given);
    (root as unknown as EventTarget).dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  }, html);

/** The plain text of the letter once it is kept. */
const kept = async (at: Desk, words: string): Promise<string> => {
  const drafts = await until(
    words,
    () => at.kept('drafts'),
    (all) => all.some(({ text }) => text.includes(words)),
  );
  return drafts.find(({ text }) => text.includes(words))?.text ?? '';
};

test('E32 code keeps its blanks, from editors that hold them by a style', async () => {
  await using at = await openDesk(browser);
  const letter = await at.begin();
  await editorOf(letter).click();
  // As VS Code has it, and Google Docs.
  await paste(
    letter,
    `<meta charset='utf-8'><div style="color: #000;font-family: Consolas;white-space: pre;"><div><span>if (x) {</span></div><div><span>    return</span><span>  y;</span></div></div><p><span style="white-space:pre-wrap;">a  b</span></p>`,
  );
  await editorOf(letter).getByText('return').waitFor();
  assert.equal(await kept(at, 'return'), 'if (x) {\n    return  y;\n\na  b');
});

test('E32 a table of paragraphs, as Word has it, is rows of cells in plain text', async () => {
  await using at = await openDesk(browser);
  const letter = await at.begin();
  await editorOf(letter).click();
  const cell = (text: string): string => `<td width=64><p class=MsoNormal>${text}<o:p></o:p></p></td>`;
  await paste(
    letter,
    `<html xmlns:o="urn:schemas-microsoft-com:office:office"><body><!--StartFragment--><table class=MsoTableGrid border=1><tr>${cell('Name')}${cell('Sum')}</tr><tr>${cell('Pears')}${cell('12,5')}</tr></table><!--EndFragment--></body></html>`,
  );
  await editorOf(letter).getByText('Pears').waitFor();
  assert.match(await kept(at, 'Pears'), /^Name {2}Sum *\nPears {2}12,5$/u);
});

test('E33 blanks of no width between words of Khmer are sent', async () => {
  await using at = await openDesk(browser);
  const letter = await at.begin();
  await editorOf(letter).click();
  await at.page.keyboard.insertText('ខ្ញុំ\u200Bស្រឡាញ់\u200Bអ្នក');
  assert.equal(await kept(at, 'អ្នក'), 'ខ្ញុំ\u200Bស្រឡាញ់\u200Bអ្នក');
});

test('E35 text that is dragged moves within the letter and between its fields', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  const rich = editorOf(letter);
  const plain = letter.locator('.comp-plain');
  const subject = letter.getByLabel('Subject');
  /** Drags the first word of `text` onto `to`, right of what stands there. */
  const dragWord = async (text: Locator, to: Locator): Promise<void> => {
    const [from, onto] = [await text.boundingBox(), await to.boundingBox()];
    const [x, y] = [(from?.x ?? 0) + 14, (from?.y ?? 0) + 14];
    await page.mouse.dblclick(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 6, y + 2, { steps: 3 });
    await page.mouse.move((onto?.x ?? 0) + 300, (onto?.y ?? 0) + 10, { steps: 8 });
    await page.mouse.up();
  };
  await rich.click();
  await page.keyboard.type('alpha beta gamma');
  await dragWord(rich, rich);
  await until(
    'moved',
    async () => (await rich.innerText()).replaceAll('\u00A0', ' ').trim(),
    (now) => now === 'beta gammaalpha',
  );
  await letter.getByRole('button', { name: 'Plain text' }).click();
  await plain.fill('alpha beta gamma');
  await dragWord(plain, plain);
  await until(
    'moved in plain text',
    () => plain.inputValue(),
    (now) => now.trim() === 'beta gammaalpha',
  );
  await plain.fill('alpha beta gamma');
  await dragWord(plain, subject);
  await until(
    'moved to the subject',
    async () => [await plain.inputValue(), await subject.inputValue()].map((each) => each.trim()).join('|'),
    (now) => now === 'beta gamma|alpha',
  );
  assert.deepEqual(at.errors, []);
});
