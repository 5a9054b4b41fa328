import { useMemo, useState } from 'preact/hooks';
import { size } from '#model/format.ts';
import { openComposer } from '#model/compose-port.ts';
import { maxBodyBytes, type Mail } from '#model/mail.ts';
import { linked, readLetter, type Block } from '#model/text.ts';
import type { EmailBody, EmailHead } from '#model/types.ts';
import { Icon } from '#parts/icon.tsx';
import { sourceHref } from './hrefs.ts';

const Linked = ({ mail, text }: { mail: Mail; text: string }) => (
  <>
    {linked(text).map((piece) => {
      if (piece.kind === 'text') return piece.text;
      if (!piece.href.startsWith('mailto:'))
        return (
          <a href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        );
      return (
        <a
          href={piece.href}
          onClick={(event) => {
            event.preventDefault();
            void openComposer({ kind: 'new', accountId: mail.id, to: [{ name: null, email: piece.text }] });
          }}
        >
          {piece.text}
        </a>
      );
    })}
  </>
);

const Blocks = ({ mail, blocks }: { mail: Mail; blocks: readonly Block[] }) => (
  <>
    {blocks.map((block, index) => {
      if (block.kind === 'quote')
        return (
          <blockquote key={index}>
            <Blocks mail={mail} blocks={block.blocks} />
          </blockquote>
        );
      if (block.kind === 'list')
        return (
          <ul key={index}>
            {block.items.map((item) => (
              <li>
                <Linked mail={mail} text={item} />
              </li>
            ))}
          </ul>
        );
      return (
        <p key={index}>
          <Linked mail={mail} text={block.text} />
        </p>
      );
    })}
  </>
);

export const NoText = () => <p class="muted">This message has no text.</p>;

/** Plain text is drawn as text, never as HTML. */
export const PlainText = ({ mail, head, body }: { mail: Mail; head: EmailHead; body: EmailBody }) => {
  const [unfolded, setUnfolded] = useState(false);
  const values = body.textBody
    .map((part) => (part.partId === null ? undefined : body.bodyValues[part.partId]))
    .filter((value) => value !== undefined);
  const text = values.map((value) => value.value).join('\n');
  const letter = useMemo(() => readLetter(text), [text]);
  const { quoted } = letter;
  return (
    <>
      <div class="body">
        {letter.blocks.length > 0 || quoted ? <Blocks mail={mail} blocks={letter.blocks} /> : <NoText />}
      </div>
      {quoted ? (
        <button type="button" class="trim" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
          <Icon name="ellipsis" size="xs" />
          {unfolded ? 'Hide quoted text' : `Show quoted text, ${quoted.lines} ${quoted.lines === 1 ? 'line' : 'lines'}`}
        </button>
      ) : null}
      {quoted && unfolded ? (
        <div class="body quoted">
          <Blocks mail={mail} blocks={quoted.blocks} />
        </div>
      ) : null}
      {values.some((value) => value.isTruncated) ? (
        <div class="note" role="note">
          <Icon name="file-text" size="s" />
          <span class="grow">The first {size(maxBodyBytes)} are shown.</span>
          <a class="btn" href={sourceHref(mail.id, head)} download>
            Download source
          </a>
        </div>
      ) : null}
      {values.some((value) => value.isEncodingProblem) ? (
        <div class="note" role="note">
          <Icon name="circle-alert" size="s" />
          <span class="grow">Some characters of this message may be wrong.</span>
          <a class="btn" href={sourceHref(mail.id, head)} download>
            Download source
          </a>
        </div>
      ) : null}
    </>
  );
};
