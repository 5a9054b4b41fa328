import { createHash, randomBytes } from 'node:crypto';
import { type ProblemName, problemPrefix, problemStatus } from '#jmap/auth/problems.ts';
import type { UploadResponse } from '#jmap/core.ts';
import type { AccountId, BlobId } from '#jmap/ids.ts';
import { limits } from './limits.ts';
import type { Caller } from './types.ts';

export interface UploadAnswer {
  status: number;
  body: Buffer;
}

const answer = (status: number, document: object): UploadAnswer => ({
  status,
  body: Buffer.from(JSON.stringify(document)),
});

const problem = (name: ProblemName, title: string, detail: string): UploadAnswer => {
  const status = problemStatus[name];
  return answer(status, { type: `${problemPrefix}${name}`, title, status, detail });
};

const mediaType = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;.{0,500})?$/u;

/** Keeps an upload for a later create or import – RFC 8620 §6.1. Equal bytes of one type are one blob. */
export const upload = (caller: Caller, accountId: string, type: string, bytes: Buffer): UploadAnswer => {
  const open = caller.host.accounts.get(accountId);
  if (!open) return problem('not-found', 'There is no such account.', 'It may have been removed.');
  if (caller.readOnly) return problem('read-only', 'This token may only read.', 'Use one that may change things.');
  if (bytes.length > limits.maxSizeUpload) {
    const detail = `An upload may have ${limits.maxSizeUpload} octets.`;
    return answer(413, { type: 'urn:ietf:params:jmap:error:limit', status: 413, detail, limit: 'maxSizeUpload' });
  }
  const kept = mediaType.test(type) ? type : 'application/octet-stream';
  const id = open.index.write((transactor) => {
    const salt = transactor.value('upload salt') ?? randomBytes(16).toString('hex');
    transactor.setValue('upload salt', salt);
    const digest = createHash('sha256').update(salt).update(kept).update('\0').update(bytes).digest('hex');
    const blobId = `U${digest.slice(0, 32)}`;
    transactor.saveBlob(blobId, kept, bytes);
    return blobId;
  });
  const made: UploadResponse = {
    accountId: accountId as AccountId,
    blobId: id as BlobId,
    type: kept,
    size: bytes.length,
  };
  return answer(200, made);
};
