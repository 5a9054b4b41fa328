import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { newSlot } from '#store/new-rows.ts';
import type { SealedRecord } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { SlotRow } from '#vault/keeper.ts';
import { readJson } from './body.ts';
import type { Routes } from './context.ts';
import { Pending } from './pending.ts';
import { DoorError, malformed, unauthenticated } from './problems.ts';
import { readSecretForm } from './secret-form.ts';
import { provenVisitor, type UnlockerParts } from './unlockers.ts';
import { asWrong, totpProof } from './unlocks.ts';
import { wrongTotp } from './words.ts';

/** How long what was shown may wait to be confirmed. */
const pendingMs = 30 * 60_000;

/** JSON around bytes that are shown once: they never become a string here. The pieces need no escapes, and are wiped. */
const shown = (pieces: readonly (string | Buffer)[]): Response => {
  const body = Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
  for (const piece of pieces) if (typeof piece !== 'string') piece.fill(0);
  return new Response(body, {
    status: 201,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  });
};

const nothingPending = (): DoorError =>
  new DoorError('not-found', 'There is nothing to confirm.', 'It was shown too long ago. Make a new one.');

/** `/auth/unlockers/recovery`: a code is shown, typed back, and from then on opens; the former one is void. */
export const recoveryRoutes = (routes: Routes, { parts, sessions, audit }: UnlockerParts): void => {
  const { config, store, keeper, clock } = parts;
  const pending = new Pending<SlotRow>(clock, pendingMs);

  routes.post('/unlockers/recovery', async (c) => {
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, c.get('peer'));
    const { slot, code } = await keeper.makeRecovery(user);
    pending.put(user, slot);
    return shown(['{"code":"', code, '"}']);
  });

  routes.post('/unlockers/recovery/confirm', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { secrets } = await readSecretForm(c.req.raw, v.object({}), config.jsonSignIn);
    if (!secrets) throw malformed('code: a text is expected.');
    try {
      const slot = pending.get(user);
      const row = await store.user(user);
      if (!slot || !row) throw nothingPending();
      await keeper.open({ slot, keys: row.keys, secret: secrets.password() }).catch((error: unknown) => {
        throw asWrong(error, 'recovery');
      });
      const former = await store.slots(user, 'recovery');
      await store.saveSlots([newSlot(slot, clock.now())]);
      for (const { id } of former) await store.deleteSlot(user, id);
      pending.delete(user);
      audit(former.length > 0 ? 'unlocker-changed' : 'unlocker-added', user, peer, { kind: 'recovery' });
      return new Response(null, { status: 204 });
    } finally {
      secrets.wipe();
    }
  });
};

type NewRow = Pick<SealedRecord, 'id' | 'user' | 'account' | 'purpose' | 'generation' | 'wrapped' | 'sealed'>;

/** `/auth/unlockers/totp`: a secret for an authenticator app is shown, and asked for once a code of it was right. */
export const totpRoutes = (routes: Routes, { parts, sessions, audit }: UnlockerParts): void => {
  const { store, keeper, clock } = parts;
  const pending = new Pending<NewRow>(clock, pendingMs);

  routes.post('/unlockers/totp/begin', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const name = { id: randomUUID(), user, account: null, purpose: 'totp', generation: 1 } as const;
    const { wrapped, sealed, secret } = await keeper.makeTotp(recordBinding(name));
    pending.put(user, { ...name, wrapped, sealed });
    const label = encodeURIComponent(`Postern:${await sessions.username(user)}`);
    const again = Buffer.from(secret);
    const uri = [`otpauth://totp/${label}?secret=`, again, '&issuer=Postern&algorithm=SHA1&digits=6&period=30'];
    return shown(['{"secret":"', secret, '","uri":"', ...uri, '"}']);
  });

  routes.post('/unlockers/totp', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { code } = await readJson(c.req.raw, v.object({ code: v.pipe(v.string(), v.maxLength(20)) }));
    const row = pending.get(user);
    const owner = await store.user(user);
    if (!owner) throw unauthenticated();
    if (!row) throw nothingPending();
    const made = { ...row, updatedAt: clock.now() };
    const step = await keeper.checkTotp(totpProof(made, code, owner.totpStep));
    if (!(await store.takeTotpStep(user, step))) throw wrongTotp();
    const former = await store.records(user, null, 'totp');
    await store.saveRecord(made);
    for (const { id } of former) await store.deleteRecord(id);
    pending.delete(user);
    audit(former.length > 0 ? 'unlocker-changed' : 'unlocker-added', user, peer, { kind: 'totp' });
    return new Response(null, { status: 204 });
  });

  routes.delete('/unlockers/totp', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const records = await store.records(user, null, 'totp');
    for (const { id } of records) await store.deleteRecord(id);
    if (records.length > 0) audit('unlocker-removed', user, peer, { kind: 'totp' });
    return new Response(null, { status: 204 });
  });
};
