import type { Connection } from '../connection.ts';

/** CREATE, RENAME, DELETE, SUBSCRIBE and UNSUBSCRIBE – RFC 3501 §6.3.3 to 6.3.7. */
export const create = async (connection: Connection, pathRaw: string, use: string | null = null): Promise<void> => {
  // CREATE-SPECIAL-USE – RFC 6154 §3
  const role = use !== null && connection.can('CREATE-SPECIAL-USE') ? [[{ atom: 'USE' }, [{ atom: use }]]] : [];
  await connection.control.exec('CREATE', [pathRaw, ...role]);
};

export const rename = async ({ control }: Connection, pathRaw: string, toRaw: string): Promise<void> => {
  await control.exec('RENAME', [pathRaw, toRaw]);
};

export const remove = async (connection: Connection, pathRaw: string): Promise<void> => {
  // An open mailbox cannot be deleted everywhere.
  if (connection.selected?.pathRaw === pathRaw) await unselect(connection);
  await connection.control.exec('DELETE', [pathRaw]);
};

export const subscribe = async ({ control }: Connection, pathRaw: string, subscribed: boolean): Promise<void> => {
  await control.exec(subscribed ? 'SUBSCRIBE' : 'UNSUBSCRIBE', [pathRaw]);
};

/** UNSELECT – RFC 3691; without it EXAMINE makes CLOSE harmless. */
export const unselect = async (connection: Connection): Promise<void> => {
  const { control, selected } = connection;
  if (selected === null) return;
  connection.selected = null;
  if (connection.can('UNSELECT')) {
    await control.exec('UNSELECT', []);
    return;
  }
  await control.exec('EXAMINE', [selected.pathRaw]);
  await control.exec('CLOSE', []);
};
