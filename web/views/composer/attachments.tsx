import { useRef } from 'preact/hooks';
import type { Attached, Letter } from '#model/compose/letter.ts';
import { size } from '#model/format.ts';
import { Icon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';

const words = ({ upload, size: octets }: Attached): string => {
  switch (upload.at) {
    case 'uploading':
      return `Uploading ${size(octets)}`;
    case 'ready':
      return size(octets);
    case 'failed':
      return `Not uploaded: ${upload.why}`;
  }
};

/** The files that go with a letter; images in its text are not listed. */
export const Attachments = ({ letter, remove }: { letter: Letter; remove(attached: Attached): void }) => {
  const own = useRef<HTMLUListElement>(null);
  const files = letter.attachments.filter((each) => each.cid === null);
  if (files.length === 0) return null;
  /** The focus goes to the file that takes its place, else to the button that attaches. */
  const removeAt = (each: Attached, index: number): void => {
    const comp = own.current?.closest('.comp');
    remove(each);
    requestAnimationFrame(() => {
      const left = [...(comp?.querySelectorAll<HTMLElement>('.comp-files button') ?? [])];
      (left[Math.min(index, left.length - 1)] ?? comp?.querySelector<HTMLElement>('.comp-attach'))?.focus();
    });
  };
  return (
    <ul ref={own} class="comp-files" aria-label="Attachments">
      {files.map((each, index) => (
        <li key={each.key} class={each.upload.at}>
          <Icon name={each.type.startsWith('image/') ? 'file-image' : 'file-text'} />
          <span class="grow">
            <b class="cut">{each.name}</b>
            <small class="cut">{words(each)}</small>
          </span>
          <IconButton icon="x" label={`Remove ${each.name}`} size="sm" onClick={() => removeAt(each, index)} />
        </li>
      ))}
    </ul>
  );
};
