import type { Role } from '#index/types.ts';

/** The roles that a user may give to a mailbox, and for which one is made when it is first needed. */
export const givenRoles = ['archive', 'drafts', 'junk', 'sent', 'trash'] as const;
export type GivenRole = (typeof givenRoles)[number];

/** A mailbox as far as its role depends on it. `name` is the last segment of the decoded path. */
export interface RoleCandidate {
  pathRaw: string;
  path: string;
  name: string;
  delimiter: string | null;
  /** LIST attributes as the server wrote them (`\Sent`, `\HasChildren`). */
  attributes: readonly string[];
  noselect: boolean;
}

/** RFC 6154 §2, RFC 8457, and XLIST as Gmail and its followers spelt it. */
const byAttribute: Readonly<Record<string, Role>> = {
  '\\inbox': 'inbox',
  '\\all': 'all',
  '\\allmail': 'all',
  '\\archive': 'archive',
  '\\drafts': 'drafts',
  '\\flagged': 'flagged',
  '\\starred': 'flagged',
  '\\important': 'important',
  '\\junk': 'junk',
  '\\spam': 'junk',
  '\\sent': 'sent',
  '\\trash': 'trash',
};

/** Names that servers and clients give these mailboxes, folded. The earlier of two in one list wins. */
const names: readonly (readonly [Role, readonly string[]])[] = [
  [
    'sent',
    [
      'sent',
      'sent items',
      'sent messages',
      'sent mail',
      'sent-mail',
      'gesendet',
      'gesendete objekte',
      'gesendete elemente',
      'gesendete nachrichten',
      'postausgang',
      'envoyés',
      'éléments envoyés',
      'messages envoyés',
      'courrier envoyé',
      'objets envoyés',
      'enviados',
      'elementos enviados',
      'mensajes enviados',
      'correo enviado',
      'itens enviados',
      'mensagens enviadas',
      'e-mails enviados',
      'inviati',
      'posta inviata',
      'inviata',
      'posta in uscita',
      'elementi inviati',
      'verzonden',
      'verzonden items',
      'verzonden berichten',
      'skickat',
      'skickade',
      'skickade objekt',
      'sendt',
      'sendte elementer',
      'sendt post',
      'lähetetyt',
      'lähetetyt viestit',
      'wysłane',
      'elementy wysłane',
      'odeslané',
      'odeslaná pošta',
      'odoslané',
      'отправленные',
      'надіслані',
      'gönderilmiş öğeler',
      'gönderilenler',
      'gönderilmiş',
      'elküldött elemek',
      'elküldött',
      'απεσταλμένα',
      'trimise',
      'изпратени',
      '送信済み',
      '送信済みアイテム',
      '送信済みメール',
      '已发送',
      '已发送邮件',
      '已发送消息',
      '寄件備份',
      '已傳送郵件',
      '보낸 편지함',
      '보낸편지함',
    ],
  ],
  [
    'drafts',
    [
      'drafts',
      'draft',
      'entwürfe',
      'entwurf',
      'brouillons',
      'brouillon',
      'borradores',
      'borrador',
      'rascunhos',
      'bozze',
      'concepten',
      'utkast',
      'kladder',
      'udkast',
      'luonnokset',
      'kopie robocze',
      'wersje robocze',
      'szkice',
      'koncepty',
      'rozepsané',
      'черновики',
      'чернетки',
      'taslaklar',
      'piszkozatok',
      'πρόχειρα',
      'ciorne',
      'чернови',
      '下書き',
      '草稿',
      '草稿箱',
      '草稿匣',
      '임시 보관함',
      '임시보관함',
    ],
  ],
  [
    'trash',
    [
      'trash',
      'deleted',
      'deleted items',
      'deleted messages',
      'bin',
      'papierkorb',
      'gelöscht',
      'gelöschte objekte',
      'gelöschte elemente',
      'gelöschte nachrichten',
      'corbeille',
      'éléments supprimés',
      'messages supprimés',
      'papelera',
      'elementos eliminados',
      'mensajes eliminados',
      'lixeira',
      'lixo',
      'itens excluídos',
      'itens eliminados',
      'cestino',
      'posta eliminata',
      'elementi eliminati',
      'prullenbak',
      'prullenmand',
      'verwijderd',
      'verwijderde items',
      'papperskorgen',
      'papperskorg',
      'borttaget',
      'borttagna objekt',
      'papirkurv',
      'søppelkasse',
      'slettede elementer',
      'slettet post',
      'roskakori',
      'poistetut',
      'poistetut viestit',
      'kosz',
      'elementy usunięte',
      'koš',
      'odstraněná pošta',
      'kôš',
      'корзина',
      'удаленные',
      'удалённые',
      'кошик',
      'çöp kutusu',
      'çöp',
      'silinmiş öğeler',
      'kuka',
      'lomtár',
      'törölt elemek',
      'κάδος',
      'coș de gunoi',
      'кошче',
      'ゴミ箱',
      'ごみ箱',
      '削除済みアイテム',
      '已删除',
      '已删除邮件',
      '已删除消息',
      '废纸篓',
      '垃圾桶',
      '刪除的郵件',
      '휴지통',
      '지운 편지함',
    ],
  ],
  [
    'junk',
    [
      'junk',
      'spam',
      'junk e-mail',
      'junk email',
      'junk mail',
      'bulk',
      'bulk mail',
      'spamverdacht',
      'unerwünscht',
      'junk-e-mail',
      'werbung',
      'pourriel',
      'courrier indésirable',
      'indésirables',
      'correo no deseado',
      'no deseado',
      'lixo eletrônico',
      'lixo electrónico',
      'posta indesiderata',
      'indesiderata',
      'ongewenst',
      'ongewenste e-mail',
      'ongewenste mail',
      'skräppost',
      'søppelpost',
      'uønsket post',
      'uønsket e-post',
      'roskaposti',
      'wiadomości-śmieci',
      'nevyžádaná pošta',
      'nevyžiadaná pošta',
      'спам',
      'нежелательная почта',
      'istenmeyen posta',
      'gereksiz',
      'levélszemét',
      'ανεπιθύμητα',
      '迷惑メール',
      '垃圾邮件',
      '垃圾郵件',
      '广告邮件',
      '스팸',
      '스팸메일함',
      '정크 메일',
    ],
  ],
  [
    'archive',
    [
      'archive',
      'archives',
      'archived',
      'archiv',
      'archivés',
      'archivo',
      'archivados',
      'arquivo',
      'arquivados',
      'archivio',
      'archief',
      'arkiv',
      'arkisto',
      'archiwum',
      'archív',
      'архив',
      'архів',
      'arşiv',
      'archívum',
      'αρχείο',
      'arhivă',
      'アーカイブ',
      '归档',
      '存档',
      '封存',
      '보관함',
      '보관',
    ],
  ],
];

const byName = new Map<string, { role: Role; rank: number }>();
for (const [role, list] of names)
  list.forEach((name, rank) => byName.set(name.normalize('NFC').toLowerCase(), { role, rank }));

const foldName = (name: string): string => name.normalize('NFC').toLowerCase().trim().replaceAll(/\s+/g, ' ');

/** At the top, or directly under the personal namespace's prefix (`INBOX.Sent` of Courier and Cyrus). */
const atRoot = (box: RoleCandidate, prefix: string): boolean => {
  if (box.delimiter === null) return true;
  const path =
    prefix !== '' && box.path.toLowerCase().startsWith(prefix.toLowerCase()) ? box.path.slice(prefix.length) : box.path;
  return !path.includes(box.delimiter);
};

/**
 * Which mailbox has which role; at most one mailbox each (RFC 8621 §2). Order of belief: the user's choice, the server's
 * attribute, the name at the root of the personal namespace whose prefix is `prefix`.
 */
export const assignRoles = (
  boxes: readonly RoleCandidate[],
  prefix: string,
  chosen: Readonly<Partial<Record<GivenRole, string>>> = {},
): Map<string, Role> => {
  const roles = new Map<string, Role>();
  const taken = new Set<Role>();
  const give = (box: RoleCandidate | undefined, role: Role): void => {
    if (box === undefined || box.noselect || taken.has(role) || roles.has(box.pathRaw)) return;
    roles.set(box.pathRaw, role);
    taken.add(role);
  };

  give(
    boxes.find((box) => box.path.toUpperCase() === 'INBOX'),
    'inbox',
  );
  for (const role of givenRoles) {
    give(
      boxes.find((box) => box.pathRaw === chosen[role]),
      role,
    );
  }
  for (const box of boxes) {
    for (const attribute of box.attributes) {
      const role = byAttribute[attribute.toLowerCase()];
      if (role !== undefined) give(box, role);
    }
  }
  const named = boxes
    .filter((box) => atRoot(box, prefix))
    .map((box) => ({ box, hit: byName.get(foldName(box.name)) }))
    .filter((entry): entry is { box: RoleCandidate; hit: { role: Role; rank: number } } => entry.hit !== undefined)
    .toSorted((a, b) => a.hit.rank - b.hit.rank);
  for (const { box, hit } of named) give(box, hit.role);
  return roles;
};

/** The attribute for CREATE … (USE (…)) and the name a mailbox gets when one of this role is first needed. */
export const roleToCreate = (role: GivenRole): { name: string; use: string } =>
  ({
    archive: { name: 'Archive', use: '\\Archive' },
    drafts: { name: 'Drafts', use: '\\Drafts' },
    junk: { name: 'Junk', use: '\\Junk' },
    sent: { name: 'Sent', use: '\\Sent' },
    trash: { name: 'Trash', use: '\\Trash' },
  })[role];
