import type { MailAccount } from '#jmap/keep.ts';
import { unproven } from '#model/accounts/unproven.ts';
import { atTime, clockTime, count, counted } from '#model/format.ts';
import type { Mail } from '#model/mail.ts';
import type { Model } from '#model/model.ts';
import { nameOfAccount } from './gate.tsx';

const needs = ({ auth }: { auth: MailAccount['auth'] }): string =>
  auth === 'token' ? 'needs to be connected again' : 'needs its password again';

export interface Status {
  tone: 'ok' | 'wait' | 'bad';
  text: string;
}

export interface BannerWords {
  title: string;
  text: string;
  mail: Mail | null;
  /** What a button can do about it. */
  help: 'wake' | 'retry' | 'password' | null;
}

/** Longer words about one account. */
const accountBanner = (model: Model, mail: Mail): BannerWords | null => {
  const status = mail.status.value;
  if (!status) return null;
  if (status.status.at === 'refused') {
    const { since } = status.status;
    return {
      title: `${nameOfAccount(mail)} ${needs(status)}.`,
      text: `${status.auth === 'token' ? 'It was refused' : 'The server refused the saved one'} ${atTime(since, new Date(model.clock.now()))}. Mail already here stays readable.`,
      mail,
      help: 'password',
    };
  }
  if (status.status.at === 'away') {
    const { retryAt } = status.status;
    const doubt = unproven(status);
    if (doubt !== null)
      return {
        title: doubt,
        text: 'It shows a certificate that Postern does not trust. Your password was not sent; mail already here stays readable. Ask the owner, and look at it in the settings of the account, under Change servers.',
        mail,
        help: 'retry',
      };
    return {
      title: `${status.imap.host} does not answer.`,
      text: `You can read, write and sort; Postern tries again at ${clockTime(Date.parse(retryAt))} and sends your changes then.`,
      mail,
      help: 'retry',
    };
  }
  return null;
};

/** Longer words above the list: of the line, else of an account whose mail is in it. Others do not stand in its way. */
export const bannerOf = (model: Model): BannerWords | null => {
  const line = model.connection.line.value;
  if (line.at === 'offline')
    return line.why === 'network'
      ? {
          title: 'You are offline.',
          text: 'What is here can be read; changes are sent when the line is back.',
          mail: null,
          help: 'wake',
        }
      : {
          title: 'Postern’s server does not answer.',
          text: `It is tried again at ${clockTime(line.retryAt)}.`,
          mail: null,
          help: 'wake',
        };
  const state = model.places.value;
  const mails = state.at === 'open' ? state.place.mails : [model.mail.value];
  for (const mail of mails) {
    const words = mail && accountBanner(model, mail);
    if (words) return words;
  }
  return null;
};

/** How things stand, in words: the line to the server, then the accounts, then what waits. */
export const statusOf = (model: Model): Status => {
  const line = model.connection.line.value;
  if (line.at === 'offline')
    return {
      tone: 'wait',
      text:
        line.why === 'network' ? `Offline since ${clockTime(line.since)}` : `No answer since ${clockTime(line.since)}`,
    };
  for (const mail of model.mails.value) {
    const status = mail.status.value;
    if (mail.trouble.value) return { tone: 'bad', text: `${nameOfAccount(mail)} could not be opened` };
    if (status?.status.at === 'refused') return { tone: 'bad', text: `${nameOfAccount(mail)} ${needs(status)}` };
    const doubt = unproven(status);
    if (doubt !== null) return { tone: 'bad', text: doubt.slice(0, -1) };
    if (status?.status.at === 'away') return { tone: 'wait', text: `${status.imap.host} does not answer` };
  }
  const waiting = model.waiting.value;
  if (waiting > 0) return { tone: 'wait', text: `Saving ${counted(waiting, 'change')}` };
  for (const mail of model.mails.value) {
    const status = mail.status.value;
    if (!status) return { tone: 'wait', text: 'Opening' };
    if (status.status.at === 'connecting') return { tone: 'wait', text: `Connecting to ${status.imap.host}` };
    const { progress } = status;
    if (!progress.done && progress.total > 0)
      return { tone: 'wait', text: `Fetching, ${count(progress.known)} of ${count(progress.total)}` };
    if (status.waiting > 0) return { tone: 'wait', text: `Saving ${counted(status.waiting, 'change')}` };
  }
  return { tone: 'ok', text: 'All mail up to date' };
};
