import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

export interface AxeOptions {
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

/** What axe finds, each as a line. A page without frames to look into answers by itself, in a tenth of the time. */
export const violationsOf = async (page: Page, { exclude = [], tags }: AxeOptions = {}): Promise<string[]> => {
  const builder = new AxeBuilder({ page });
  for (const selector of exclude) builder.exclude(selector);
  if (tags) builder.withTags([...tags]);
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(script);
  const context = `{ include: [], exclude: ${JSON.stringify(exclude.map((selector) => [selector]))} }`;
  const options = { resultTypes: ['violations'], ...(tags ? { runOnly: { type: 'tag', values: tags } } : {}) };
  const found =
    (await page.evaluate<number>(`axe.utils.getFrameContexts(${context}).length`)) > 0
      ? (await builder.analyze()).violations
      : await page.evaluate<Violations>(
          `axe.run(${context}, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
        );
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary})`).join('; ')}`,
  );
};
