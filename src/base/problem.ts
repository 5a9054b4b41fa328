/** Whose turn it is to act: decides the words shown and the loudness of the log. */
export type Blame = 'user' | 'server' | 'network' | 'operator' | 'postern';

/**
 * Root of every error that Postern raises on purpose. `code` is a member of the closed catalogue of its room
 * (`auth/refused`, `imap/timeout` ...); `message` is for the log and holds no secret and no mail text.
 */
export abstract class Problem extends Error {
  abstract readonly code: string;
  abstract readonly blame: Blame;
}

/** The log level an error deserves: our own defect is loud, the rest is the weather. */
export const loudness = (error: unknown): 'info' | 'warn' | 'error' => {
  if (!(error instanceof Problem)) return 'error';
  switch (error.blame) {
    case 'user':
      return 'info';
    case 'server':
    case 'network':
    case 'operator':
      return 'warn';
    case 'postern':
      return 'error';
  }
};
