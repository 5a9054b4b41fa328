import { randomUUID } from 'node:crypto';
import { must } from '#base/must.ts';
import { newUser } from '#store/new-rows.ts';
import type { MailAccountId, SessionId, SlotId, UserId } from '#vault/keeper.ts';
import { credentialsOf, entered, type Entered, newAccount, sessionOf } from './entrance.ts';
import type { Waiting } from './oauth-waiting.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { lockedByOperator } from './problems.ts';
import { opensBesides } from './unlocks.ts';
import { opensOtherwise } from './words.ts';

interface Wish {
  admission: string;
  remember: boolean;
  startAfresh: boolean;
}

/**
 * Somebody of whom an issuer and a mail server vouch. There is no secret in it that could open what is kept: a mailbox
 * that other unlockers open is opened by them; else a user is made, whom sessions alone open until there is an unlocker.
 * @throws DoorError `slot-does-not-open`
 */
export const enterByOAuth = async (
  { store, keeper, clock }: DoorParts,
  { servers, issuer }: Waiting,
  wish: Wish,
  peer: Peer,
): Promise<Entered> => {
  const { address, imap, smtp } = servers;
  if (!wish.startAfresh) {
    for (const user of await store.usersNamed(address)) {
      const [first] = (await store.accounts(user.id)).toSorted((a, b) => a.position - b.position);
      const same = first?.imap.host === imap.host && first.imap.username === imap.username;
      if (!same || first.auth !== 'oauth') continue;
      if (user.lockedAt !== null) throw lockedByOperator();
      const slots = await store.slots(user.id);
      if (slots.length > 0) throw opensOtherwise(opensBesides(slots, null));
    }
  }
  const user = randomUUID() as UserId;
  const account = randomUUID() as MailAccountId;
  const opened = await keeper.enroll({
    admission: wish.admission,
    user,
    account,
    imap,
    smtp,
    leaveNothing: true,
    session: randomUUID() as SessionId,
    slot: randomUUID() as SlotId,
  });
  const now = clock.now();
  const session = sessionOf(opened, peer, wish.remember, now);
  await store.createUser({
    user: newUser(user, now, must(opened.keys, 'a new user has keys')),
    account: { ...newAccount(account, user, servers, now), auth: 'oauth', authId: issuer.id },
    credentials: credentialsOf(opened, user),
    slots: [],
    session,
  });
  return entered(opened, session);
};
