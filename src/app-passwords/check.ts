import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#base/clock.ts';
import { type Target, visit } from './dialogue.ts';
import type { AppPasswords } from './manager.ts';
import { newId, newPassword } from './password.ts';
import type { Minted, PublicId, Wish } from './types.ts';

export interface CheckStep {
  what: string;
  expected: 'accepted' | 'refused';
  found: 'accepted' | 'refused';
}

export interface CheckParts {
  app: AppPasswords;
  clock: Clock;
  user: string;
  imap: Target;
  submission: Target | null;
  /** Called after each step. */
  tell: (step: CheckStep) => void;
}

/** A network of the documentation (RFC 5737): nobody comes from there. */
const nowhere = '192.0.2.255/32';
/** The databases' clocks count seconds, so that a life of one second is over after two. */
const shortLife = 1000;

/**
 * Signs in at the real servers with passwords made for it, and revokes them in the end, whatever happens.
 * @returns all steps; the set-up works when each found what it expected
 * @throws Error when a server cannot be reached, AppPasswordError for what the database does
 */
export const checkSetup = async ({ app, clock, user, imap, submission, tell }: CheckParts): Promise<CheckStep[]> => {
  const steps: CheckStep[] = [];
  const made: Minted[] = [];
  const mint = async (wish: Partial<Wish>): Promise<Minted> => {
    const one = await app.create(
      user,
      { label: 'Check of the set-up', program: 'script', protocols: ['imap'], ...wish },
      { origin: 'command', actor: 'operator' },
    );
    made.push(one);
    return one;
  };
  const step = async (
    what: string,
    target: Target,
    password: Buffer,
    expected: CheckStep['expected'],
  ): Promise<void> => {
    const { outcome, leave } = await visit(target, user, password);
    leave();
    const done = { what, expected, found: outcome };
    steps.push(done);
    tell(done);
  };
  const ids = (): PublicId[] => made.map(({ entry }) => entry.id);
  try {
    const reading = await mint({});
    await step('a fresh password, IMAP', imap, reading.password, 'accepted');
    const stranger = newPassword(newId());
    await step('a password that was never made', imap, stranger, 'refused');
    if (submission) {
      await step('a password for IMAP alone, submission', submission, reading.password, 'refused');
      const sending = await mint({ protocols: ['submission'] });
      await step('a password for submission, submission', submission, sending.password, 'accepted');
      await step('a password for submission alone, IMAP', imap, sending.password, 'refused');
    }
    const far = await mint({ networks: [nowhere] });
    await step('from a network that is not allowed', imap, far.password, 'refused');
    const short = await mint({ expires: clock.now() + shortLife });
    await sleep(2 * shortLife + 100);
    await step('expired', imap, short.password, 'refused');
    await app.pause(user, reading.entry.id, 'operator');
    await step('paused', imap, reading.password, 'refused');
    await app.resume(user, reading.entry.id, 'operator');
    await step('resumed', imap, reading.password, 'accepted');
    await app.revoke(user, [reading.entry.id], 'operator');
    await step('revoked', imap, reading.password, 'refused');
    return steps;
  } finally {
    for (const { password } of made) password.fill(0);
    if (made.length > 0) await app.revoke(user, ids(), 'operator');
  }
};
