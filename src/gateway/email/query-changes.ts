import { must } from '#base/must.ts';
import { capabilities } from '#jmap/core.ts';
import type { EmailId } from '#jmap/ids.ts';
import { MethodFailure } from '../errors.ts';
import { emailId, emailNumber } from '../ids.ts';
import { limits } from '../limits.ts';
import { method } from '../method.ts';
import { queryChangesFields } from '../query-changes.ts';
import { isFollowed, questionFields, questionOf } from './question.ts';

/**
 * Email/queryChanges – RFC 8620 §5.6, RFC 8621 §4.5. Whatever changed since leaves the result, and what is in it now comes
 * in where it stands: the log does not tell which property of an Email it was. `upToId` shortens nothing.
 */
export const emailQueryChanges = method(
  'Email/queryChanges',
  capabilities.mail,
  { pure: true },
  { ...queryChangesFields, ...questionFields },
  ({ open }, args) => {
    const question = questionOf(args);
    if (!isFollowed(question)) throw new MethodFailure('cannotCalculateChanges');
    return open.index.read((reader) => {
      const changes = reader.changes('Email', args.sinceQueryState, limits.maxChanges);
      if (!changes || changes.hasMore) throw new MethodFailure('cannotCalculateChanges');
      const query = { ...question, position: 0, anchor: null, anchorOffset: 0, limit: 0, calculateTotal: true };
      const touched = [...changes.created, ...changes.updated].map((id) => must(emailNumber(id), 'an id of ours'));
      const added: { id: EmailId; index: number }[] = [...reader.positions(query, touched)]
        .map(([email, index]) => ({ id: emailId(email), index }))
        .sort((a, b) => a.index - b.index);
      // New ones too: a list may show what its state does not tell of yet.
      const removed = [...changes.created, ...changes.updated, ...changes.destroyed];
      if (args.maxChanges !== null && removed.length + added.length > args.maxChanges)
        throw new MethodFailure('tooManyChanges');
      const answer = {
        accountId: open.jmapId,
        oldQueryState: args.sinceQueryState,
        newQueryState: changes.newState,
        ...(args.calculateTotal ? { total: reader.query(query).total } : {}),
        removed,
        added,
      };
      return { json: JSON.stringify(answer) };
    });
  },
);
