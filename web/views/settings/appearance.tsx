import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Density, ThemeChoice } from '#model/prefs.ts';
import { Icon } from '#parts/icon.tsx';
import { densityNames } from '../mailbox/densities.ts';
import { useModel } from '../model.ts';
import { PageHead } from './page-head.tsx';

const themeNames: Readonly<Record<ThemeChoice, string>> = { system: 'As the system', light: 'Day', dark: 'Night' };

const Choice = <T extends string>(props: {
  title: string;
  name: string;
  names: Readonly<Record<T, string>>;
  value: Signal<T>;
}) => (
  <fieldset class="set-choice">
    <legend>{props.title}</legend>
    <div class="set-options">
      {(Object.entries(props.names) as [T, string][]).map(([key, label]) => (
        <label key={key}>
          <input
            type="radio"
            name={props.name}
            checked={props.value.value === key}
            onChange={() => {
              props.value.value = key;
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </div>
  </fieldset>
);

const Letter = (props: {
  unread?: boolean;
  who: string;
  time: string;
  subject: string;
  children: ComponentChildren;
}) => (
  <div class={`row ${props.unread ? 'unread' : ''}`}>
    <span class="u" />
    <div class="from">
      <b class="cut">{props.who}</b>
    </div>
    <time>{props.time}</time>
    <div class="subj">
      <span class="cut grow">{props.subject}</span>
      {props.unread ? null : <Icon name="star" size="xs" star />}
    </div>
    <div class="snip">
      <span class="cut grow">{props.children}</span>
    </div>
  </div>
);

/** What the list will look like. */
const Preview = ({ density }: { density: Density }) => (
  <div class={`set-preview rows ${density}`} aria-hidden="true">
    <Letter unread who="Ingrid Solberg" time="09:42" subject="Revised floor plan">
      The stair has moved to the north side, as you asked.
    </Letter>
    <Letter who="Rowing club" time="08:15" subject="Boats on Saturday">
      We meet at the lower jetty at eight; bring warm clothes.
    </Letter>
  </div>
);

export const Appearance = () => {
  const { prefs } = useModel();
  return (
    <>
      <PageHead title="Appearance">Kept in this browser. What you choose is so at once.</PageHead>
      <Preview density={prefs.density.value} />
      <Choice title="Light" name="theme" names={themeNames} value={prefs.theme} />
      <Choice title="Lines of the list" name="density" names={densityNames} value={prefs.density} />
      <fieldset class="set-choice">
        <legend>Keyboard</legend>
        <label class="set-check">
          <input
            type="checkbox"
            checked={prefs.keys.value}
            onChange={(event) => {
              prefs.keys.value = event.currentTarget.checked;
            }}
          />
          <span>
            Single keys act
            <small>j and k go through the list, e archives, ? shows all keys. Off: a key does nothing by itself.</small>
          </span>
        </label>
      </fieldset>
    </>
  );
};
