import { ImapFlow } from 'imapflow';
import { ImapError } from './errors.ts';
import type { Line, Listening } from './line.ts';
import type { Namespace } from './types.ts';
import type { StatusLine } from './wire/status.ts';

/** An argument of a command: a string (bytes, one character each), an atom or flag, a sequence set, or a list. */
export type Argument = string | { atom: string } | { set: string } | readonly Argument[];

/**
 * The control plane: imapflow starts the session (CAPABILITY, ID, NAMESPACE, with its answers to odd servers) and runs
 * the commands that carry no messages: tags, literals, continuations. What the server tells goes to our own decoder.
 */
export interface Control {
  /** As the server says them, upper-case. */
  readonly capabilities: ReadonlySet<string>;
  readonly serverId: Readonly<Record<string, string>>;
  readonly namespaces: { personal: Namespace[]; others: Namespace[]; shared: Namespace[] };
  /** @throws ImapError `imap/refused`, or why the line ended */
  exec(name: string, args: readonly Argument[], listening?: Listening): Promise<StatusLine | null>;
  logout(): Promise<void>;
}

/** The one member of imapflow we use that its types leave out; the version is pinned. */
interface Executor {
  exec(command: string, attributes: readonly unknown[]): Promise<{ next(): void }>;
}

export const startControl = async (line: Line, host: string, version: string): Promise<Control> => {
  const client = new ImapFlow({
    host,
    port: 143,
    secure: false,
    doSTARTTLS: false,
    transport: {
      connect: (_options, connected) => {
        process.nextTick(connected);
        return line.control;
      },
    },
    logger: false,
    clientInfo: { name: 'Postern', version, vendor: '', 'support-url': '' },
    disableCompression: true,
    disableAutoIdle: true,
    disableAutoEnable: true,
    disableIMAP4rev2: true,
    maxLineLength: 16 << 20,
    maxLiteralSize: 1 << 20,
    maxResponseSize: 16 << 20,
    maxResponseTokens: 200_000,
    // Not a watchdog here (the line has one): bounds how long imapflow sits on a throttled answer.
    socketTimeout: 2000,
  });
  client.on('error', () => undefined);
  try {
    await line.listen('connect', {}, () => client.connect());
  } catch (error) {
    const reason = line.ended ?? error;
    client.close();
    throw reason;
  }
  const executor = client as unknown as Executor;
  return {
    capabilities: new Set([...client.capabilities.keys()].map((word) => word.toUpperCase())),
    serverId: serverId(client.serverInfo),
    namespaces: {
      personal: namespacesOf(client.namespaces?.personal),
      others: namespacesOf(client.namespaces?.other),
      shared: namespacesOf(client.namespaces?.shared),
    },
    exec: (name, args, listening = {}) =>
      line.listen(name, listening, async () => (await executor.exec(name, args.map(attribute))).next()),
    logout: async () => {
      try {
        await line.listen('LOGOUT', {}, () => client.logout());
      } catch (error) {
        if (!(error instanceof ImapError)) throw error;
      }
      client.close();
    },
  };
};

const isList = (argument: Argument): argument is readonly Argument[] => Array.isArray(argument);

const attribute = (argument: Argument): unknown => {
  if (isList(argument)) return argument.map(attribute);
  if (typeof argument === 'string') {
    return /^[\x20-\x7e]*$/.test(argument)
      ? { type: 'STRING', value: argument }
      : { type: 'LITERAL', value: Buffer.from(argument, 'latin1') };
  }
  return 'set' in argument ? { type: 'SEQUENCE', value: argument.set } : { type: 'ATOM', value: argument.atom };
};

const namespacesOf = (found: unknown): Namespace[] =>
  (Array.isArray(found) ? found : []).map(({ prefix, delimiter }: { prefix?: unknown; delimiter?: unknown }) => ({
    prefix: typeof prefix === 'string' ? prefix : '',
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : null,
  }));

const serverId = (info: object | null | undefined): Record<string, string> => {
  const said = Object.entries(info ?? {}).slice(0, 30);
  return Object.fromEntries(
    said.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].length <= 300),
  );
};
