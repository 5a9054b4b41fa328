import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

interface AxeOptions {
  exclude?: readonly string[];
  /** Only rules with one of these tags. Default: all. */
  tags?: readonly string[];
}

/** The axe that the builder brings. */
const script = readFileSync(
  createRequire(import.meta.resolve('@axe-core/playwright')).resolve('axe-core/axe.min.js'),
  'utf8',
);

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'];

/** Milliseconds after which a page with a fault is looked at again. */
const again = [250, 1_000];

/** A page without frames to look into answers by itself, in a tenth of the time the builder takes. */
const look = async (page: Page, { exclude = [], tags }: AxeOptions): Promise<Violations> => {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(script);
  const context = `{ include: [], exclude: ${JSON.stringify(exclude.map((selector) => [selector]))} }`;
  if ((await page.evaluate<number>(`axe.utils.getFrameContexts(${context}).length`)) > 0) {
    const builder = new AxeBuilder({ page });
    for (const selector of exclude) builder.exclude(selector);
    if (tags) builder.withTags([...tags]);
    return (await builder.analyze()).violations;
  }
  const options = { resultTypes: ['violations'], ...(tags ? { runOnly: { type: 'tag', values: tags } } : {}) };
  return page.evaluate(`axe.run(${context}, ${JSON.stringify(options)}).then(({ violations }) => violations)`);
};

/** What axe finds, each as a line. What is only seen while the page still moves, a colour that fades in, is none. */
export const violationsOf = async (page: Page, options: AxeOptions = {}): Promise<string[]> => {
  let found = await look(page, options);
  for (const ms of again) {
    if (found.length === 0) break;
    await page.waitForTimeout(ms);
    found = await look(page, options);
  }
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary})`).join('; ')}`,
  );
};
