import type { EmailAddress } from '#jmap/mail.ts';
import { looksLikeAddress } from '#model/compose/letter.ts';
import { colourOf, initialsOf, nameOf } from '#model/people.ts';
import { takeAhead } from '#model/ahead.ts';
import { finishedPeople, isWhole, parsePeople, spelledPerson } from '#model/compose/people.ts';
import { Icon } from '#parts/icon.tsx';
import { Tokens } from '#parts/tokens.tsx';

/** One line of recipients: To, Cc or Bcc. */
export const Recipients = ({
  label,
  people,
  change,
  suggest,
  focused = false,
}: {
  label: string;
  people: readonly EmailAddress[];
  change(people: readonly EmailAddress[]): void;
  suggest(prefix: string): Promise<readonly EmailAddress[]>;
  focused?: boolean;
}) => (
  <Tokens
    label={label}
    items={people}
    keyOf={(each) => each.email.toLowerCase()}
    nameOf={nameOf}
    textOf={spelledPerson}
    toneOf={(each) => (looksLikeAddress(each.email) ? undefined : 'warn')}
    parse={parsePeople}
    finished={finishedPeople}
    isWhole={isWhole}
    suggest={suggest}
    change={change}
    focused={focused}
    begin={takeAhead}
    render={(each) => (
      <>
        {looksLikeAddress(each.email) ? (
          <span class={`ava tiny g-${colourOf(each.email)}`} aria-hidden="true">
            {initialsOf(each)}
          </span>
        ) : (
          <Icon name="triangle-alert" size="s" />
        )}
        <span class="cut" title={each.email}>
          {nameOf(each)}
        </span>
      </>
    )}
    renderSuggestion={(each) => (
      <>
        <span class={`ava tiny g-${colourOf(each.email)}`} aria-hidden="true">
          {initialsOf(each)}
        </span>
        <span class="cut">
          {each.name ? `${nameOf(each)} ` : ''}
          <span class="muted">{each.email}</span>
        </span>
      </>
    )}
  />
);
