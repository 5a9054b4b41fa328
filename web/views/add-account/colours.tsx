import { useId } from 'preact/hooks';
import type { Colour } from '#jmap/keep.ts';
import { gateColours } from '#model/people.ts';
import { Arch } from '#parts/people.tsx';
import { initialOf } from '../gate.tsx';
import './add-account.css';

const names: Readonly<Record<Colour, string>> = {
  patina: 'Patina',
  slate: 'Slate',
  plum: 'Plum',
  clay: 'Clay',
  moss: 'Moss',
  ochre: 'Ochre',
  rose: 'Rose',
  iris: 'Iris',
};

/** The colours a gate can have, as the gates they make. */
export const Colours = (props: { label: string; initial: string; value: Colour; change(colour: Colour): void }) => {
  const name = useId();
  return (
    <fieldset class="colours">
      <legend>{props.label}</legend>
      {gateColours.map((colour) => (
        <label key={colour}>
          <input
            type="radio"
            name={name}
            aria-label={names[colour]}
            checked={colour === props.value}
            onChange={() => props.change(colour)}
          />
          <Arch initial={initialOf(props.initial)} colour={colour} size="lg" />
        </label>
      ))}
    </fieldset>
  );
};
