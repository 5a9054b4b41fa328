import type { ComponentChildren } from 'preact';
import type { Loaded } from '#model/settings/loaded.ts';
import { Icon, type IconName } from '#parts/icon.tsx';

/** One thing of a list: what it is, what is known of it, what can be done. */
export const SetRow = (props: {
  icon: IconName;
  title: ComponentChildren;
  detail: string;
  aside: string;
  asideDetail?: string;
  children?: ComponentChildren;
}) => (
  <li class="set-row">
    <span class="set-tile">
      <Icon name={props.icon} />
    </span>
    <div class="set-what">
      <b>{props.title}</b>
      <small>{props.detail}</small>
    </div>
    <div class="set-aside">
      {props.aside}
      {props.asideDetail ? <small>{props.asideDetail}</small> : null}
    </div>
    <div class="set-acts">{props.children}</div>
  </li>
);

/** What stands where a list will be. */
export const Bones = () => (
  <div class="set-bones" aria-busy="true" aria-label="Loading" role="group">
    <div />
    <div />
  </div>
);

/** A list that is fetched: bones, the words of a failure, or the rows. */
export const LoadedRows = <T,>(props: {
  state: Loaded<T>;
  label: string;
  none: string;
  onRetry(): void;
  row: (item: T) => ComponentChildren;
}) => {
  const { state } = props;
  if (state.at === 'loading') return <Bones />;
  if (state.at === 'failed')
    return (
      <p class="set-fail" role="alert">
        This list could not be fetched.
        <button type="button" class="btn" onClick={() => props.onRetry()}>
          Try again
        </button>
      </p>
    );
  if (state.list.length === 0) return <p class="set-none">{props.none}</p>;
  return (
    <ul class="set-list" aria-label={props.label}>
      {state.list.map(props.row)}
    </ul>
  );
};
