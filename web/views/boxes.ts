import type { Role } from '#jmap/mail.ts';
import type { IconName } from '#parts/icon.tsx';

const icons: Partial<Record<Role, IconName>> = {
  inbox: 'inbox',
  archive: 'archive',
  all: 'archive',
  drafts: 'file-text',
  sent: 'send-horizontal',
  junk: 'octagon-alert',
  trash: 'trash',
  flagged: 'star',
};

export const boxIcon = (role: Role | null): IconName => (role && icons[role]) ?? 'folder';
