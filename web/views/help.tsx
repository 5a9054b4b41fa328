import { useState } from 'preact/hooks';
import { capsOf, commands, type Command } from '#model/keys.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from './model.ts';

const titles = { list: 'List', act: 'Act', letter: 'Letter', go: 'Everywhere' } as const;
type Group = keyof typeof titles;

const all = Object.keys(commands) as Command[];

/** ? : every shortcut, the present context first, searchable. */
export const Help = ({ onClose }: { onClose(): void }) => {
  const { prefs, reading } = useModel();
  const [typed, setTyped] = useState('');
  const groups: Group[] = reading.conversation.value
    ? ['letter', 'act', 'list', 'go']
    : ['list', 'act', 'letter', 'go'];
  const wanted = typed.trim().toLowerCase();
  const shown = (group: Group): Command[] =>
    all.filter((command) => {
      const [label, of] = commands[command];
      return (
        of === group &&
        (wanted === '' ||
          label.toLowerCase().includes(wanted) ||
          capsOf(command).some((caps) => caps.join(' ') === typed.trim()))
      );
    });
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
          const list = shown(group);
          if (list.length === 0) return null;
          return (
            <section key={group}>
              <h3>{titles[group]}</h3>
              <dl>
                {list.map((command) => (
                  <div key={command}>
                    <dt>{commands[command][0]}</dt>
                    <dd>
                      {capsOf(command).map((caps, index) => (
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
