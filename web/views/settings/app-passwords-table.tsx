import type { AppPassword } from '#jmap/app-password.ts';
import type { Doing } from '#model/app-passwords.ts';
import { rowWords } from '#model/app-passwords-words.ts';
import { Icon } from '#parts/icon.tsx';
import { MenuButton, type MenuItem } from '#parts/menu.tsx';
import { programIcon } from './app-passwords-programs.ts';

export interface RowActs {
  rename(item: AppPassword): void;
  pause(item: AppPassword): void;
  resume(item: AppPassword): void;
  rotate(item: AppPassword): void;
  revoke(item: AppPassword): void;
}

const doingWords: Readonly<Record<Doing, string>> = {
  renaming: 'Renaming',
  pausing: 'Pausing',
  resuming: 'Resuming',
  replacing: 'Making a new one',
  revoking: 'Revoking',
};

const itemsOf = (item: AppPassword, acts: RowActs): MenuItem[] => {
  if (item.own || item.state === 'revoking') return [];
  const items: MenuItem[] = [{ label: 'Rename', icon: 'pen-line', run: () => acts.rename(item) }];
  if (item.state === 'active')
    items.push(
      { label: 'Make a new password', icon: 'refresh-cw', run: () => acts.rotate(item) },
      { label: 'Pause', icon: 'pause', run: () => acts.pause(item) },
    );
  if (item.state === 'paused' || item.state === 'pausing')
    items.push({ label: 'Resume', icon: 'play', run: () => acts.resume(item) });
  return items;
};

const verbs: Readonly<Record<AppPassword['state'], string>> = {
  active: 'Revoke',
  paused: 'Revoke',
  pausing: 'Revoke',
  replaced: 'End now',
  expired: 'Remove',
  revoking: 'Try again',
};

const Row = (props: { item: AppPassword; now: Date; doing: Doing | undefined; acts: RowActs }) => {
  const { item, now, doing, acts } = props;
  const words = rowWords(item, now);
  const items = itemsOf(item, acts);
  const verb = verbs[item.state];
  return (
    <tr role="row" class={item.state} aria-busy={doing !== undefined}>
      <th role="rowheader" scope="row">
        <div class="ap-what">
          <span class="set-tile">
            <Icon name={programIcon[item.program]} />
          </span>
          <span>
            <b>{item.name}</b>
            <small>{words.made}</small>
          </span>
        </div>
      </th>
      <td role="cell">
        {words.may}
        <small>{words.mayDetail}</small>
      </td>
      <td role="cell" class={words.doubt ? 'doubt' : ''}>
        {doing ? doingWords[doing] : words.used}
        {!doing && words.usedDetail ? <small>{words.usedDetail}</small> : null}
      </td>
      <td role="cell" class="ap-acts">
        <div>
          {items.length > 0 ? (
            <MenuButton label={`More for ${item.name}`} icon="ellipsis" size="sm" items={() => itemsOf(item, acts)} />
          ) : null}
          <button
            type="button"
            class={`btn danger ${words.doubt ? '' : 'quiet'}`}
            aria-label={`${verb}: ${item.name}`}
            aria-disabled={doing !== undefined}
            onClick={() => {
              if (!doing) acts.revoke(item);
            }}
          >
            {verb}
          </button>
        </div>
      </td>
    </tr>
  );
};

export const Columns = () => (
  <colgroup>
    <col />
    <col />
    <col />
    <col />
  </colgroup>
);

/** On a phone the rows stand as blocks; the roles say that it is a table all the same. */
export const AppPasswordTable = (props: {
  list: readonly AppPassword[];
  label: string;
  now: Date;
  doing: ReadonlyMap<AppPassword['id'], Doing>;
  acts: RowActs;
}) => (
  <table class="ap-table" role="table" aria-label={props.label}>
    <Columns />
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">
          Program
        </th>
        <th role="columnheader" scope="col">
          May do
        </th>
        <th role="columnheader" scope="col">
          Last used
        </th>
        <th role="columnheader" scope="col">
          <span class="vh">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      {props.list.map((item) => (
        <Row key={item.id} item={item} now={props.now} doing={props.doing.get(item.id)} acts={props.acts} />
      ))}
    </tbody>
  </table>
);
