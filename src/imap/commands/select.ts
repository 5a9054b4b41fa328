import type { Connection } from '../connection.ts';
import { FetchParser, toFlagRow } from '../fetch.ts';
import type { Pieces, Untagged } from '../line.ts';
import { joinRanges } from '../sequence-set.ts';
import type { FlagRow, Range, Selected } from '../types.ts';
import { anyOf, on, readVanished } from '../untagged.ts';
import { quoted } from '../wire/encoder.ts';
import { parseStatusLine } from '../wire/status.ts';

export interface SelectOptions {
  readOnly?: boolean;
  since?: { uidvalidity: number; modseq: string };
}

/** SELECT and EXAMINE – RFC 3501 §6.3.1, with QRESYNC (RFC 7162 §3.2.5) and CONDSTORE. */
export const select = async (
  connection: Connection,
  pathRaw: string,
  { readOnly = false, since }: SelectOptions,
): Promise<Selected> => {
  const { abilities } = connection;
  const resync = abilities.qresync && since !== undefined && since.uidvalidity > 0 && since.modseq !== '0';
  const parameters = resync
    ? ` (QRESYNC (${since.uidvalidity} ${since.modseq}))`
    : abilities.condstore && !connection.can('ENABLE')
      ? ' (CONDSTORE)'
      : '';
  const found = new Answer(pathRaw, readOnly);
  connection.selected = null;
  const pieces: Pieces = [readOnly ? 'EXAMINE ' : 'SELECT ', quoted(pathRaw), parameters];
  const tagged = await connection.line.run('SELECT', pieces, { untagged: found.untagged() });
  const selected = found.selected(resync ? since.uidvalidity : null);
  if (tagged.code === 'READ-ONLY') selected.readOnly = true;
  connection.selected = selected;
  return selected;
};

class Answer {
  #box: Selected;
  #flags: string[] | null = null;
  #vanished: Range[] = [];
  #changed: FlagRow[] = [];

  constructor(pathRaw: string, readOnly: boolean) {
    this.#box = {
      pathRaw,
      uidvalidity: 0,
      uidnext: null,
      exists: 0,
      highestModseq: '0',
      flags: [],
      permanentFlags: [],
      keywordsAllowed: false,
      readOnly,
      mailboxId: null,
      resynced: false,
      vanished: [],
      changed: [],
    };
  }

  untagged(): Untagged {
    const parser = new FetchParser();
    return anyOf(
      (bytes, start, end) => {
        const parsed = parser.parse(bytes, start, end);
        const row = parsed.kind === 'row' ? toFlagRow(parsed.row) : undefined;
        if (row !== undefined) this.#changed.push(row);
        return parsed.kind !== 'other';
      },
      on('EXISTS', (_, count) => (this.#box.exists = count)),
      on('RECENT', () => undefined),
      on('FLAGS', (decoder) => (this.#flags = decoder.flags())),
      on('VANISHED', (decoder) => (this.#vanished = this.#vanished.concat(readVanished(decoder).uids))),
      // What belongs to the mailbox that was open before comes ahead of [CLOSED] (RFC 7162 §3.2.11).
      on('EXPUNGE', () => undefined),
      (bytes, start, end) => {
        const status = parseStatusLine(bytes, start, end);
        return status?.status === 'OK' && this.#code(status.code, status.argument);
      },
    );
  }

  /** `asked`: the UIDVALIDITY of a resynchronisation. It held when that is still the mailbox's and MODSEQs are kept. */
  selected(asked: number | null): Selected {
    const resynced = asked !== null && asked === this.#box.uidvalidity && this.#box.highestModseq !== '0';
    return {
      ...this.#box,
      flags: this.#flags ?? [],
      keywordsAllowed: this.#box.permanentFlags.includes('\\*'),
      resynced,
      vanished: resynced ? joinRanges(this.#vanished) : [],
      changed: resynced ? this.#changed : [],
    };
  }

  #code(code: string | null, argument: string): boolean {
    const number = /^\d{1,10}$/.test(argument) ? Number(argument) : null;
    switch (code ?? '') {
      case 'UIDVALIDITY':
        this.#box.uidvalidity = number ?? 0;
        return true;
      case 'UIDNEXT':
        this.#box.uidnext = number;
        return true;
      case 'HIGHESTMODSEQ':
        if (/^\d{1,20}$/.test(argument)) this.#box.highestModseq = argument;
        return true;
      case 'NOMODSEQ':
        this.#box.highestModseq = '0';
        return true;
      case 'PERMANENTFLAGS':
        this.#box.permanentFlags = argument
          .replace(/^\(|\)$/g, '')
          .split(' ')
          .filter((flag) => flag !== '');
        return true;
      case 'MAILBOXID':
        this.#box.mailboxId = argument.replace(/^\(|\)$/g, '') || null;
        return true;
      case 'CLOSED':
        this.#vanished = [];
        this.#changed = [];
        return true;
      default:
        return code === 'UNSEEN';
    }
  }
}
