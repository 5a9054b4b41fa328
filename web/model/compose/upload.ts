import type { BlobId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Attached } from './letter.ts';

/** Uploads a file (RFC 8620 §6.1). @throws ModelError with words for people */
export const upload = async (
  connection: Connection,
  mail: Mail,
  body: Blob,
  type: string,
  signal: AbortSignal,
): Promise<BlobId> => {
  const answer = await connection.fetch(`/jmap/upload/${encodeURIComponent(mail.id)}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
    signal,
  });
  if (answer.status === 413) throw new ModelError('jmap/request', 'It is larger than the server takes.');
  if (!answer.ok) throw new ModelError('net/server', `Postern answered with ${answer.status}.`);
  const { blobId } = (await answer.json()) as { blobId: BlobId };
  return blobId;
};

/** The bytes of a file that is on the server already (RFC 8620 §6.2); null when they cannot be had. Never rejects. */
export const download = async (connection: Connection, mail: Mail, file: Attached): Promise<Blob | null> => {
  if (file.upload.at !== 'ready') return null;
  const names = [mail.id, file.upload.blobId, file.name || 'file'].map(encodeURIComponent);
  try {
    const answer = await connection.fetch(`/jmap/download/${names.join('/')}?type=${encodeURIComponent(file.type)}`);
    return answer.ok ? new Blob([await answer.arrayBuffer()], { type: file.type }) : null;
  } catch {
    return null;
  }
};
