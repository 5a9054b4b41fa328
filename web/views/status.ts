import { clockTime, count, counted } from '#model/format.ts';
import type { Model } from '#model/model.ts';

export interface Status {
  tone: 'ok' | 'wait' | 'bad';
  text: string;
  /** Longer words for the banner above the list; null: the line says it all. */
  banner: string | null;
}

/** How things stand, in words: the line to the server, then the accounts, then what waits. */
export const statusOf = (model: Model): Status => {
  const line = model.connection.line.value;
  if (line.at === 'offline')
    return {
      tone: 'wait',
      text:
        line.why === 'network' ? `Offline since ${clockTime(line.since)}` : `No answer since ${clockTime(line.since)}`,
      banner:
        line.why === 'network'
          ? 'You are offline. What is here can be read; changes are sent when the line is back.'
          : `Postern's server does not answer. It is tried again at ${clockTime(line.retryAt)}.`,
    };
  for (const mail of model.mails.value) {
    const status = mail.status.value;
    const name = status?.name || mail.account.name;
    if (mail.trouble.value) return { tone: 'bad', text: `${name} could not be opened`, banner: null };
    if (!status) continue;
    if (status.status.at === 'refused')
      return {
        tone: 'bad',
        text: `${name} needs its password again`,
        banner: `${name} needs its password again. The server refused the saved one${status.status.words ? `: ${status.status.words}` : '.'} Mail already here stays readable.`,
      };
    if (status.status.at === 'away') {
      const { since, retryAt } = status.status;
      return {
        tone: 'wait',
        text: `${status.imap.host} does not answer`,
        banner: `${status.imap.host} does not answer since ${clockTime(Date.parse(since))}. You can read, write and sort; Postern tries again at ${clockTime(Date.parse(retryAt))} and sends your changes then.`,
      };
    }
  }
  const waiting = model.waiting.value;
  if (waiting > 0) return { tone: 'wait', text: `Saving ${counted(waiting, 'change')}`, banner: null };
  for (const mail of model.mails.value) {
    const status = mail.status.value;
    if (!status) return { tone: 'wait', text: 'Opening', banner: null };
    if (status.status.at === 'connecting')
      return { tone: 'wait', text: `Connecting to ${status.imap.host}`, banner: null };
    const { progress } = status;
    if (!progress.done && progress.total > 0)
      return { tone: 'wait', text: `Fetching, ${count(progress.known)} of ${count(progress.total)}`, banner: null };
    if (status.waiting > 0) return { tone: 'wait', text: `Saving ${counted(status.waiting, 'change')}`, banner: null };
  }
  return { tone: 'ok', text: 'All mail up to date', banner: null };
};
