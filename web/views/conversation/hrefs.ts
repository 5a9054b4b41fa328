import type { AccountId, BlobId, EmailId } from '#jmap/ids.ts';

/** Addresses of what is not fetched by JMAP calls. */

const fileName = (name: string): string => encodeURIComponent(name.replaceAll(/[/\\]/gu, '_') || 'file');

export const blobHref = (account: AccountId, blob: BlobId, name: string, type: string): string =>
  `/jmap/download/${account}/${blob}/${fileName(name)}?type=${encodeURIComponent(type)}`;

/** The whole message as it came. Its blob id is `G` with the number of the email's `M` id. */
export const sourceHref = (account: AccountId, email: { id: EmailId; subject: string | null }): string => {
  const name = `${(email.subject ?? '').trim().slice(0, 80) || 'message'}.eml`;
  return blobHref(account, `G${email.id.slice(1)}` as BlobId, name, 'message/rfc822');
};

/** The HTML of a message as a document of its own; `token` names this showing of it in a frame of this height. */
export const mailHref = (
  account: AccountId,
  email: EmailId,
  dark: boolean,
  showing: { token: string; frame: number },
): string => `/mail/${account}/${email}?images=0&dark=${dark ? 1 : 0}&measure=${showing.token}&frame=${showing.frame}`;
