/** What a sealed box holds, as its second byte says (V50). */
export const sealedPurposes = {
  'mail-password': 1,
  'site-password': 2,
  passkey: 3,
  recovery: 4,
  'smtp-password': 5,
} as const;

export type SealedPurpose = keyof typeof sealedPurposes;
