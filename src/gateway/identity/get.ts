import { capabilities } from '#jmap/core.ts';
import type { Identity } from '#jmap/mail.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { identitiesOf } from './book.ts';

const identityProperties: readonly (keyof Identity)[] = [
  'id',
  'name',
  'email',
  'replyTo',
  'bcc',
  'textSignature',
  'htmlSignature',
  'mayDelete',
];

/** Identity/get – RFC 8621 §6.1 */
export const identityGet = method('Identity/get', capabilities.submission, {}, getFields, async (context, args) => {
  const { open } = context;
  const state = open.index.read((reader) => reader.state('Identity'));
  const all = (await identitiesOf(context, open)).map(({ identity }) => identity);
  return { json: getAnswer({ ...args, accountId: open.jmapId }, identityProperties, state, all) };
});
