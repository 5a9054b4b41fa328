import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { counted } from '#model/format.ts';
import type { Mail } from '#model/mail.ts';
import { firstNameOf, nameOf } from '#model/people.ts';
import { randomUuid } from '#model/random.ts';
import type { EmailHead } from '#model/types.ts';
import { Icon } from '#parts/icon.tsx';
import { useApp } from '../model.ts';
import { mailHref } from './hrefs.ts';

/** Height of the frame a mail is measured in, and the most it may grow to. */
const firstFrame = 1_600;
const tallestFrame = 20_000;
/** Milliseconds after which a mail that does not tell its height scrolls by itself. */
const patience = 4_000;
/** What a mail takes until it has told. */
const waiting = 320;

const newToken = (): string => randomUuid().replaceAll('-', '');

/** Remote images that were left out; null when that cannot be known. */
const useBlocked = (src: string): number | null => {
  const { connection } = useApp().model;
  const [blocked, setBlocked] = useState<number | null>(null);
  useEffect(() => {
    let current = true;
    const look = async (): Promise<void> => {
      const answer = await connection.fetch(src, { method: 'HEAD' });
      const count = Number(answer.headers.get('X-Postern-Blocked-Images'));
      if (current && answer.ok) setBlocked(count);
    };
    look().catch(() => undefined);
    return () => {
      current = false;
    };
  }, [src]);
  return blocked;
};

/**
 * The HTML of a message in a frame without scripts and of no origin. It tells its height through the server
 * (docs/spec/mail-html.md); the frame stays as tall as it was measured in, and what is shown of it follows.
 */
export const Html = ({ mail, head, night }: { mail: Mail; head: EmailHead; night: boolean }) => {
  const { model } = useApp();
  const [size, setSize] = useState(firstFrame);
  const token = useMemo(newToken, [night, size]);
  const [height, setHeight] = useState<number | 'unknown' | 'silent'>('unknown');
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLIFrameElement>(null);
  const src = mailHref(mail.id, head.id, night, { token, frame: size });
  const blocked = useBlocked(`/mail/${mail.id}/${head.id}?images=0&dark=0`);

  useEffect(
    () =>
      model.onHeight(token, (told) => {
        if (told.frame !== size) return;
        if (told.height !== null) setHeight(told.height);
        else if (size < tallestFrame) setSize(Math.min(tallestFrame, size * 4));
        else setHeight(tallestFrame);
      }),
    [token],
  );
  useEffect(() => {
    const timer = setTimeout(() => setHeight((now) => (now === 'unknown' ? 'silent' : now)), patience);
    return () => clearTimeout(timer);
  }, [token]);

  /** A frame that never told scrolls by itself, in most of the window's height. */
  const inner = height === 'silent' ? '70vh' : `${size}px`;
  const outer = height === 'silent' ? '70vh' : `${height === 'unknown' ? waiting : height}px`;
  useEffect(() => {
    box.current?.style.setProperty('height', outer);
    // On paper, where a narrower one would be taller than it is known to be, and lose its end.
    box.current?.style.setProperty('--least', `${box.current.clientWidth}px`);
    frame.current?.style.setProperty('height', inner);
  }, [outer, inner]);

  const person = head.from?.[0] ?? { name: null, email: 'the sender' };
  const first = firstNameOf(person);
  return (
    <>
      <div class="frame-in">
        <div ref={box} class="frame-clip">
          <iframe
            ref={frame}
            key={src}
            class="frame"
            title={`Message from ${nameOf(person)}`}
            sandbox="allow-popups allow-popups-to-escape-sandbox"
            referrerpolicy="no-referrer"
            src={src}
          />
        </div>
      </div>
      {blocked ? (
        <div class="note" role="note">
          <Icon name="image-off" size="s" />
          <span class="grow">
            {counted(blocked, 'remote image')} {blocked === 1 ? 'is' : 'are'} blocked, so {first} cannot see that you
            opened this.
          </span>
        </div>
      ) : null}
    </>
  );
};
