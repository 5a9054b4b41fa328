import { binarySize } from '#base/octets.ts';
import { warnAt } from '#gateway/quota/view.ts';
import { ImapError, type ImapCode } from '#imap/errors.ts';
import { openImap } from '#imap/session.ts';
import type { QuotaLimit } from '#imap/types.ts';
import type { SignedIn } from '#vault/connect.ts';
import { preface } from '#vault/keeper-server.ts';

/** How full the mailbox is; `limits` empty: it has no limit. */
export type Fullness = { ok: true; limits: QuotaLimit[] } | { ok: false; code: ImapCode; words: string | null };

/** Asks on a connection that has just signed in, and ends it. null: the server knows no quotas. */
export const askQuota = async (
  signedIn: SignedIn,
  options: { host: string; timeout: number },
): Promise<Fullness | null> => {
  const { socket, capabilities, greeting, rest } = signedIn;
  socket.unshift(Buffer.concat([Buffer.from(preface('imap', signedIn)), rest]));
  try {
    await using session = await openImap({ stream: socket, capabilities, greeting }, options);
    const limits = await session.quota();
    return limits && { ok: true, limits };
  } catch (error) {
    if (!(error instanceof ImapError)) throw error;
    return { ok: false, code: error.code, words: error.words };
  }
};

const count = (n: number): string => n.toLocaleString('en');

const limitWords = ({ resource, used, limit }: QuotaLimit): string => {
  const [title, nearly, full] =
    resource === 'STORAGE'
      ? [`${binarySize(used)} of ${binarySize(limit)} used`, 'Nearly full', 'Full: the server takes no new mail']
      : [
          `${count(used)} of ${count(limit)} messages`,
          'Nearly as many as the server takes',
          'As many as the server takes: it takes no new mail',
        ];
  return `${title}.${used >= limit ? ` ${full}.` : used >= warnAt(limit) ? ` ${nearly}.` : ''}`;
};

/** A line for each limit; with its root where there are several. */
export const fullnessLines = (fullness: Fullness): string[] => {
  if (!fullness.ok) {
    const said = fullness.words === null ? '' : ` The server said: ${fullness.words}`;
    return [`  quota        cannot be told (${fullness.code}).${said}`];
  }
  const { limits } = fullness;
  if (limits.length === 0) return ['  quota        the server names no limit'];
  const several = new Set(limits.map(({ root }) => root)).size > 1;
  return limits.map((limit, index) => {
    const where = several && limit.root !== '' ? `${limit.root}: ` : '';
    return `  ${(index === 0 ? 'quota' : '').padEnd(11)}  ${where}${limitWords(limit)}`;
  });
};
