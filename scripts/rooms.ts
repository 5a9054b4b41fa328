/** The rooms and what each may import besides itself. The order is the order of `docs/ARCHITECTURE.md`. */
export const rooms = {
  base: [],
  jmap: ['base'],
  mime: ['base', 'jmap'],
  imap: ['base', 'mime'],
  smtp: ['base'],
  config: ['base'],
  vault: ['base'],
  store: ['base', 'jmap', 'vault'],
  index: ['base', 'jmap', 'mime'],
  upstream: ['base', 'jmap', 'mime', 'imap', 'smtp', 'vault', 'store', 'index'],
  discovery: ['base', 'config'],
  'app-passwords': ['base', 'config', 'store'],
  gateway: ['base', 'jmap', 'mime', 'vault', 'store', 'index', 'upstream'],
  mailroom: ['base', 'jmap', 'mime', 'config', 'vault', 'store', 'index', 'upstream', 'gateway'],
  door: ['base', 'jmap', 'mime', 'config', 'vault', 'store', 'discovery', 'mailroom'],
  cli: ['base', 'jmap', 'mime', 'imap', 'smtp', 'config', 'vault', 'store', 'index', 'upstream', 'discovery', 'app-passwords', 'gateway', 'mailroom', 'door', 'world'],
  'web/model': ['base', 'jmap'],
  'web/parts': ['base'],
  'web/views': ['base', 'jmap', 'web/model', 'web/parts'],
} as const satisfies Record<string, readonly string[]>;

/** Import names (`#model/x.ts`) of rooms that do not lie at `src/NAME`. */
export const aliases: Readonly<Record<string, string>> = { model: 'web/model', parts: 'web/parts', views: 'web/views', world: 'world' };
