import { effect } from '@preact/signals-core';
import { counted } from '#model/format.ts';
import type { EmailNews, Mail } from '#model/mail.ts';
import type { Model } from '#model/model.ts';
import { nameOf } from '#model/people.ts';

/** Milliseconds without news and without a key before new mail is told of. */
const rest = 2_000;

/** Tells those who hear the page of new mail, when they do nothing else. Returns what ends it. */
export const tellNew = ({ mails, lock, toasts }: Model): (() => void) => {
  let waiting: string[] = [];
  let timer: ReturnType<typeof setTimeout>;
  const tell = (): void => {
    const [only] = waiting;
    if (only !== undefined && lock.state.peek() === 'open')
      toasts.say(waiting.length === 1 ? `New mail from ${only}` : counted(waiting.length, 'new message'));
    waiting = [];
  };
  const wait = (): void => {
    clearTimeout(timer);
    if (waiting.length > 0) timer = setTimeout(tell, rest);
  };
  const hear = (mail: Mail, { created }: EmailNews): void => {
    const inbox = mail.mailboxes.byRole('inbox');
    for (const id of created) {
      const head = mail.emails.peek(id);
      const isNew = inbox && head && Object.hasOwn(head.mailboxIds, inbox.id) && !Object.hasOwn(head.keywords, '$seen');
      const [from] = head?.from ?? [];
      if (isNew) waiting.push(from ? nameOf(from) : 'somebody');
    }
    wait();
  };
  const stop = effect(() => {
    const stops = mails.value.map((mail) => mail.onEmails((news) => hear(mail, news)));
    return () => stops.forEach((each) => each());
  });
  addEventListener('keydown', wait, true);
  return () => {
    stop();
    clearTimeout(timer);
    removeEventListener('keydown', wait, true);
  };
};
