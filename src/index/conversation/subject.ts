/** Words that mail programs of many languages put before the subject of an answer or a forward. */
const prefix =
  /^(?:re|fwd?|fw|aw|wg|antw|antwort|sv|vs|vl|vb|rv|tr|rif|odp|pd|ynt|ilt|res|enc|r|i|doorst|videresendt|vedr|回复|转发|回覆|轉寄|答复|返信|転送|답장|전달|отв|пер|απ|πρθ|הועבר|رد|إعادة توجيه)(?:\[\d+\]|\(\d+\))?\s*[:：]\s*/iu;
const tag = /^\[[^\]]{1,60}\]\s*/u;
const trailer = /\s*\((?:fwd|fw)\)$/iu;

/** RFC 5256 §2.1: the subject without marks of answers, forwards and lists, in one case, for comparing and sorting. */
export const baseSubject = (subject: string): string => {
  let text = subject.trim();
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const shorter = text.replace(prefix, '').replace(trailer, '');
    const untagged = shorter.replace(tag, '');
    // A subject that is nothing but a tag keeps it.
    const next = untagged === '' ? shorter : untagged;
    if (next === text) break;
    text = next;
  }
  return text.replaceAll(/\s+/gu, ' ').toLowerCase();
};
