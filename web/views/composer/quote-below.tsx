import { useState } from 'preact/hooks';
import type { Writing } from '#model/compose/composers.ts';
import type { Quote } from '#model/compose/letter.ts';
import { counted } from '#model/format.ts';
import { Icon } from '#parts/icon.tsx';

const lines = (text: string): number => text.trimEnd().split('\n').length;

/** The original below what is written: kept as it is, to be looked at, edited or left out. */
export const QuoteBelow = ({
  writing,
  quote,
  edit,
  remove,
}: {
  writing: Writing;
  quote: Quote;
  edit(): void;
  remove(): void;
}) => {
  const [shown, setShown] = useState(quote.kind === 'forward');
  const { originalId: original, originalIn } = writing.draft.letter.value;
  return (
    <div class="comp-quote">
      <div class="comp-quote-h">
        <button type="button" class="trim" aria-expanded={shown} onClick={() => setShown(!shown)}>
          <Icon name="ellipsis" size="xs" />
          {shown ? 'Hide quoted text' : `Show quoted text, ${counted(lines(quote.text), 'line')}`}
        </button>
        <button type="button" class="btn quiet" onClick={edit}>
          Edit
        </button>
        <button type="button" class="btn quiet" onClick={remove}>
          Leave out
        </button>
      </div>
      {shown ? (
        <>
          {quote.lead ? <p class="comp-quote-lead">{quote.lead}</p> : null}
          {quote.html !== null && original !== null ? (
            <iframe
              class="comp-quote-frame"
              title="The original letter"
              sandbox="allow-popups allow-popups-to-escape-sandbox"
              src={`/mail/${originalIn ?? writing.mail.id}/${original}?images=0&dark=0`}
            />
          ) : (
            <pre class="comp-quote-text">{quote.text}</pre>
          )}
        </>
      ) : null}
    </div>
  );
};
