/** The three levels of JMAP errors – RFC 8620 §3.6, §5.3; RFC 8621. Each a closed list. */

/** Request level: answered with HTTP 400 and application/problem+json – RFC 8620 §3.6.1 */
export type RequestErrorType = 'unknownCapability' | 'notJSON' | 'notRequest' | 'limit';

export interface RequestError {
  type: `urn:ietf:params:jmap:error:${RequestErrorType}`;
  status: 400;
  detail: string;
  /** For `limit`: the name of the limit. */
  limit?: 'maxSizeRequest' | 'maxCallsInRequest' | 'maxConcurrentRequests' | 'maxConcurrentUpload' | 'maxSizeUpload';
}

/** Method level – RFC 8620 §3.6.2, §5; RFC 8621 §4.8 */
export type MethodErrorType =
  | 'serverUnavailable'
  | 'serverFail'
  | 'serverPartialFail'
  | 'unknownMethod'
  | 'invalidArguments'
  | 'invalidResultReference'
  | 'forbidden'
  | 'accountNotFound'
  | 'accountNotSupportedByMethod'
  | 'accountReadOnly'
  | 'requestTooLarge'
  | 'cannotCalculateChanges'
  | 'stateMismatch'
  | 'anchorNotFound'
  | 'unsupportedSort'
  | 'unsupportedFilter'
  | 'tooManyChanges';

export interface MethodError {
  type: MethodErrorType;
  description?: string;
}

/** Record level, in `notCreated`, `notUpdated`, `notDestroyed` – RFC 8620 §5.3, RFC 8621 §2.5, §4.6, §4.8, §7.5 */
export type SetErrorType =
  | 'forbidden'
  | 'overQuota'
  | 'tooLarge'
  | 'rateLimit'
  | 'notFound'
  | 'invalidPatch'
  | 'willDestroy'
  | 'invalidProperties'
  | 'singleton'
  | 'alreadyExists'
  | 'serverFail'
  | 'mailboxHasChild'
  | 'mailboxHasEmail'
  | 'blobNotFound'
  | 'tooManyKeywords'
  | 'tooManyMailboxes'
  | 'invalidEmail'
  | 'tooManyRecipients'
  | 'noRecipients'
  | 'invalidRecipients'
  | 'forbiddenMailFrom'
  | 'forbiddenFrom'
  | 'forbiddenToSend'
  | 'cannotUnsend'
  /** AppPassword: an unlocker has to be proven first, by POST /auth/prove. */
  | 'proofNeeded'
  /** AppPassword: done in the database, but Dovecot has not confirmed; its state says so. */
  | 'unconfirmed';

export interface SetError {
  type: SetErrorType;
  description?: string;
  /** `invalidProperties`, `invalidEmail` */
  properties?: string[];
  /** `alreadyExists` */
  existingId?: string;
  /** `blobNotFound` */
  notFound?: string[];
  /** `tooLarge`: octets */
  maxSize?: number;
  /** `tooManyRecipients` */
  maxRecipients?: number;
  /** `invalidRecipients` */
  invalidRecipients?: string[];
}
