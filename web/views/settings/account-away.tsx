import { useEffect, useId } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { awayWords } from '#model/accounts/words.ts';
import { atTime } from '#model/format.ts';
import { useModel } from '../model.ts';

/** Today or tomorrow at this hour, whichever comes next, as ISO 8601. */
const nextAt = (hour: string, now: Date): string | null => {
  const [hours, minutes] = hour.split(':').map(Number);
  if (hours === undefined || minutes === undefined || Number.isNaN(hours) || Number.isNaN(minutes)) return null;
  const then = new Date(now);
  then.setHours(hours, minutes, 0, 0);
  if (then <= now) then.setDate(then.getDate() + 1);
  return then.toISOString();
};

/** What may be done with the account while nobody is here. */
export const AccountAway = ({ account, accounts }: { account: AccountFacts; accounts: Accounts }) => {
  const { clock } = useModel();
  const name = useId();
  const now = new Date(clock.now());
  useEffect(() => {
    // What the submission server offers is known once it was asked. A refused password is not tried for this.
    const unasked = account.awayChoices.some(({ why }) => why === 'unknown');
    if (unasked && account.state === 'ok') void accounts.check(account);
  }, [account.id]);
  return (
    <fieldset class="acc-part acc-away">
      <legend>While you are away</legend>
      {account.awayChoices.map((choice) => {
        const words = awayWords(choice);
        const chosen = account.away === choice.away;
        return (
          <div key={choice.away}>
            <label class={`set-check ${choice.possible ? '' : 'off'}`}>
              <input
                type="radio"
                name={name}
                checked={chosen}
                disabled={!choice.possible}
                onChange={() =>
                  void accounts.patch(account, { away: choice.away }, `${account.name}: “${words.title}”`)
                }
              />
              <span>
                {words.title}
                <small>{words.detail}</small>
              </span>
            </label>
            {chosen && choice.away === 'resident' ? (
              <label class="acc-until">
                Lock it again at
                <input
                  type="time"
                  class="field"
                  onChange={(event) => {
                    const awayUntil = nextAt(event.currentTarget.value, now);
                    if (awayUntil !== null)
                      void accounts.patch(
                        account,
                        { awayUntil },
                        `${account.name} is locked ${atTime(awayUntil, now)}`,
                      );
                  }}
                />
                <span class="muted">
                  {account.awayUntil === null
                    ? 'No hour is set: until Postern is started again.'
                    : `Locked ${atTime(account.awayUntil, now)}.`}
                </span>
              </label>
            ) : null}
          </div>
        );
      })}
    </fieldset>
  );
};
