import { useId } from 'preact/hooks';
import { lockTimes, type LockAfter } from '#model/lock.ts';
import { Icon } from '#parts/icon.tsx';
import { useApp } from '../model.ts';

const names = new Map<LockAfter, string>([
  [5, '5 minutes'],
  [15, '15 minutes'],
  [30, '30 minutes'],
  [60, 'An hour'],
  [240, '4 hours'],
  [null, 'Never'],
]);

/** When Postern locks itself in this browser; and at once. */
export const Locking = () => {
  const { model, commands } = useApp();
  const { lockAfter } = model.prefs;
  const id = useId();
  return (
    <section aria-labelledby="set-lock">
      <header class="set-h">
        <div>
          <h2 id="set-lock">Lock</h2>
          <p>
            A locked Postern shows nothing, and neither this page nor the server holds a key. What you are writing is
            kept, and you go on where you were.
          </p>
        </div>
        <button type="button" class="btn" onClick={() => commands.run('lock')}>
          <Icon name="lock" size="s" />
          Lock now
        </button>
      </header>
      <div class="set-field unl-lock">
        <label for={id}>Lock by itself after</label>
        <select
          id={id}
          class="field"
          value={String(lockAfter.value)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            lockAfter.value = lockTimes.find((each) => String(each) === value) ?? null;
          }}
        >
          {lockTimes.map((each) => (
            <option key={each} value={String(each)}>
              {names.get(each)}
            </option>
          ))}
        </select>
        <small class="muted">Without a touch, in any window of this browser. Kept in this browser.</small>
      </div>
    </section>
  );
};
