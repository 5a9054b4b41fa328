/** Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF – RFC 5321 §4.2. */
export interface Reply {
  code: number;
  /** Text of each line, without the code. */
  lines: string[];
  /** RFC 2034: `2.1.5`; null when not given. */
  enhanced: string | null;
  /** `550 5.1.1 no such user`: fit to be shown, at most 300 characters. */
  words: string;
}

const MAX_LINE = 8192;
const MAX_LINES = 200;

/** The bytes are not SMTP. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** Makes replies of chunks. */
export class ReplyReader {
  readonly #told: (reply: Reply) => void;
  #rest = '';
  #lines: string[] = [];

  constructor(told: (reply: Reply) => void) {
    this.#told = told;
  }

  /** @throws ReplyError */
  push(chunk: Buffer): void {
    this.#rest += chunk.toString('latin1');
    for (let lf = this.#rest.indexOf('\n'); lf >= 0; lf = this.#rest.indexOf('\n')) {
      const line = this.#rest.slice(0, lf).replace(/\r$/, '');
      this.#rest = this.#rest.slice(lf + 1);
      this.#line(line);
    }
    if (this.#rest.length > MAX_LINE) throw new ReplyError('line');
  }

  #line(line: string): void {
    const match = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(line);
    if (match === null || this.#lines.length >= MAX_LINES || line.length > MAX_LINE) throw new ReplyError('line');
    this.#lines.push(Buffer.from(match[3] ?? '', 'latin1').toString('utf8'));
    if (match[2] === '-') return;
    const lines = this.#lines;
    this.#lines = [];
    this.#told(toReply(Number(match[1]), lines));
  }
}

export const toReply = (code: number, lines: string[]): Reply => {
  const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(lines[0] ?? '')?.[1] ?? null;
  return { code, lines, enhanced, words: wordsOf(code, lines, enhanced) };
};

/** One line; the enhanced code, which servers repeat on each line, only once. */
const wordsOf = (code: number, lines: readonly string[], enhanced: string | null): string => {
  const said = lines.map((line, i) =>
    i > 0 && enhanced !== null && line.startsWith(enhanced) ? line.slice(enhanced.length) : line,
  );
  // oxlint-disable-next-line no-control-regex
  const clean = said.join(' ').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069 ]+/g, ' ');
  return `${code} ${clean}`.trim().slice(0, 300).toWellFormed();
};
