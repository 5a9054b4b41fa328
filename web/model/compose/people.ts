import type { EmailAddress } from '#jmap/mail.ts';

/** `Name <a@b>`, `"Name, X" <a@b>`, `a@b`, several with commas, semicolons or line ends between. */
export const parsePeople = (text: string): EmailAddress[] => {
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (!quoted && (char === ',' || char === ';' || char === '\n')) {
      pieces.push(piece);
      piece = '';
    } else piece += char;
  }
  pieces.push(piece);
  return pieces.flatMap((each) => {
    const [, name, inner] = /^\s*"?(.*?)"?\s*<([^<>]*)>\s*$/u.exec(each) ?? [];
    const email = (inner ?? each).trim().replace(/^mailto:/iu, '');
    if (email === '' || !email.includes('@'))
      return email === '' || inner === undefined ? (email === '' ? [] : [{ name: null, email }]) : [];
    return [{ name: name?.trim() || null, email }];
  });
};
