import type { EmailBodyPart } from '#jmap/mail.ts';
import { size } from '#model/format.ts';
import type { Mail } from '#model/mail.ts';
import type { EmailBody } from '#model/types.ts';
import { Icon, type IconName } from '#parts/icon.tsx';
import { blobHref } from './hrefs.ts';

const iconOf = (part: EmailBodyPart): IconName => {
  if (part.type.startsWith('image/')) return 'file-image';
  if (/zip|compressed|tar|rar|7z/u.test(part.type)) return 'file-archive';
  if (part.type.startsWith('text/') || part.type === 'application/pdf' || part.type === 'message/rfc822')
    return 'file-text';
  return 'file';
};

const nameOf = (part: EmailBodyPart): string =>
  part.name ?? (part.type === 'message/rfc822' ? 'Message.eml' : `Attachment (${part.type})`);

export const Attachments = ({ mail, body }: { mail: Mail; body: EmailBody }) => {
  const isHtml = body.htmlBody.some((part) => part.type === 'text/html');
  /** Pictures the HTML shows in its place are not files that somebody attached. */
  const files = body.attachments.filter(
    (part) => part.blobId !== null && !(isHtml && part.cid !== null && part.disposition === 'inline'),
  );
  if (files.length === 0) return null;
  return (
    <ul class="att" aria-label="Attachments">
      {files.map((part) => (
        <li key={part.blobId}>
          <a href={part.blobId ? blobHref(mail.id, part.blobId, nameOf(part), part.type) : '#'} download={nameOf(part)}>
            <span class="th">
              <Icon name={iconOf(part)} />
            </span>
            <span class="grow">
              <b class="cut">{nameOf(part)}</b>
              <small>{size(part.size)}</small>
            </span>
            <Icon name="download" size="s" />
            <span class="vh">Download</span>
          </a>
        </li>
      ))}
    </ul>
  );
};
