import { useState } from 'preact/hooks';
import { writingKeys } from '#model/compose/keys.ts';
import { capsOf, commands, type Command } from '#model/keys.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from './model.ts';

const titles = { list: 'List', act: 'Act', letter: 'Letter', writing: 'Writing', go: 'Everywhere' } as const;
type Group = keyof typeof titles;

interface Shortcut {
  label: string;
  /** Each a way; keys of one way are pressed one after the other. */
  ways: readonly (readonly string[])[];
}

const all: Readonly<Record<Group, readonly Shortcut[]>> = {
  ...Object.groupBy(
    Object.entries(commands).map(([command, [label, group]]) => ({ label, group, ways: capsOf(command as Command) })),
    ({ group }) => group,
  ),
  writing: writingKeys.map(([label, caps]) => ({ label, ways: [[caps]] })),
} as Record<Group, readonly Shortcut[]>;

/** ? : every shortcut, the present context first, searchable. */
export const Help = ({ onClose }: { onClose(): void }) => {
  const { prefs, reading } = useModel();
  const [typed, setTyped] = useState('');
  const groups: Group[] = reading.conversation.value
    ? ['letter', 'act', 'list', 'writing', 'go']
    : ['list', 'act', 'letter', 'writing', 'go'];
  const wanted = typed.trim().toLowerCase();
  const isShown = ({ label, ways }: Shortcut): boolean =>
    wanted === '' ||
    label.toLowerCase().includes(wanted) ||
    ways
      .map((caps) => caps.join(' '))
      .some((keys) => keys === typed.trim() || (wanted.length > 1 && keys.toLowerCase() === wanted));
  return (
    <Dialog title="Keyboard shortcuts" wide focus="input[type=search]" onClose={onClose}>
      <input
        class="field"
        type="search"
        aria-label="Find a shortcut"
        placeholder="Find a shortcut"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <p class="switch">
        <label>
          <input
            type="checkbox"
            checked={prefs.keys.value}
            onChange={(event) => {
              prefs.keys.value = event.currentTarget.checked;
            }}
          />{' '}
          Single keys act
        </label>
      </p>
      <div class="keys-help">
        {groups.map((group) => {
          const list = all[group].filter(isShown);
          if (list.length === 0) return null;
          return (
            <section key={group}>
              <h3>{titles[group]}</h3>
              <dl>
                {list.map(({ label, ways }) => (
                  <div key={label}>
                    <dt>{label}</dt>
                    <dd>
                      {ways.map((caps, index) => (
                        <>
                          {index > 0 ? ' or ' : null}
                          {caps.map((cap) => (
                            <kbd>{cap}</kbd>
                          ))}
                        </>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Dialog>
  );
};
