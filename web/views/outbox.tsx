import { openComposer } from '#model/compose-port.ts';
import type { Waiting } from '#model/outbox.ts';
import { waitingWords } from '#model/waiting.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Gate } from './gate.tsx';
import { useModel } from './model.ts';
import './outbox.css';

const Letter = ({ letter, onClose }: { letter: Waiting; onClose(): void }) => {
  const { outbox, mails, clock, today } = useModel();
  // A day that passes changes what a time means.
  void today.value;
  const { mail, id, emailId, subject, to, fate } = letter;
  const named = subject || '(no subject)';
  return (
    <li>
      {mails.value.length > 1 ? <Gate mail={mail} size="xs" titled /> : null}
      <span class="grow">
        <b class="cut">{named}</b>
        {to === '' ? null : <small class="cut">to {to}</small>}
        <small class={fate.at === 'later' ? 'wait' : ''}>{waitingWords(letter, clock.now())}</small>
      </span>
      {fate.at === 'sending' ? null : (
        <button
          type="button"
          class="btn"
          aria-label={`Edit ${named}`}
          onClick={() => {
            onClose();
            const reopen = (): void => void openComposer({ kind: 'draft', accountId: mail.id, emailId });
            outbox.takeBack({ mail, id, reopen });
          }}
        >
          Edit
        </button>
      )}
    </li>
  );
};

/** g o: letters that have not left, and why; each can be taken back to be written on. */
export const OutboxDialog = ({ onClose }: { onClose(): void }) => {
  const letters = useModel().outbox.waiting.value;
  return (
    <Dialog
      title="Outbox"
      focus=".outbox button"
      onClose={onClose}
      returnTo={() => document.querySelector<HTMLElement>('#list [tabindex="0"]')}
    >
      {letters.length === 0 ? (
        <p>Nothing is waiting to be sent.</p>
      ) : (
        <ul class="outbox">
          {letters.map((letter) => (
            <Letter key={letter.id} letter={letter} onClose={onClose} />
          ))}
        </ul>
      )}
    </Dialog>
  );
};
