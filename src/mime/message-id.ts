const MAX_IDS = 1000;

const clean = (id: string): string => id.replace(/[\s\0<>]/g, '');

/**
 * msg-id = "<" id-left "@" id-right ">" – RFC 5322 §3.6.4. All ids of a Message-ID, In-Reply-To or References value,
 * without brackets, white space inside removed. Without any bracket the words that hold an "@" are taken.
 */
export const parseMessageIds = (value: string): string[] => {
  const ids: string[] = [];
  let open = value.indexOf('<');
  if (open < 0)
    return value
      .split(/[\s,]+/)
      .filter((word) => word.includes('@'))
      .slice(0, MAX_IDS)
      .map(clean);
  let close = open;
  while (open >= 0 && ids.length < MAX_IDS) {
    // The same ">" stands before many "<", or none does: it is looked for once.
    if (close >= 0 && close <= open) close = value.indexOf('>', open + 1);
    const next = value.indexOf('<', open + 1);
    // Lenient: "<a@b <c@d>" is an id whose bracket was lost.
    const end = close < 0 ? (next < 0 ? value.length : next) : next >= 0 && next < close ? next : close;
    const id = clean(value.slice(open + 1, end));
    if (id !== '') ids.push(id);
    open = next;
  }
  return ids;
};

/** The one id of a Message-ID field; a value without brackets and "@" is taken whole, null when there is nothing. */
export const parseMessageId = (value: string): string | null => {
  const id = parseMessageIds(value)[0] ?? clean(value);
  return id === '' ? null : id;
};
