import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { quotaProperties, quotaViews } from './view.ts';

/** Quota/get – RFC 9425 §4.2 */
export const quotaGet = method('Quota/get', capabilities.quota, {}, getFields, (context, args) => {
  const { state, all } = quotaViews(context);
  return { json: getAnswer({ ...args, accountId: context.open.jmapId }, quotaProperties, state, all) };
});
