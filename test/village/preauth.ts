import { connect } from 'node:net';
import type { Socket } from 'node:net';

/**
 * What the keeper hands on: a connection that has logged in, its stream beginning with a `* PREAUTH` line of ours.
 * Plain text, for servers on loopback.
 */
export const signInImap = async (
  { host, imapPort }: { host: string; imapPort: number },
  { address, password }: { address: string; password: string },
): Promise<{ stream: Socket; capabilities: string[]; greeting: string }> => {
  const stream = connect(imapPort, host);
  const line = lineReader(stream);
  const greeting = await line();
  stream.write(
    `a LOGIN {${Buffer.byteLength(address)}+}\r\n${address} {${Buffer.byteLength(password)}+}\r\n${password}\r\n`,
  );
  let answer = await line();
  while (!answer.startsWith('a ')) answer = await line();
  const words = /^a OK \[CAPABILITY ([^\]]*)\]/.exec(answer)?.[1];
  if (words === undefined) throw new Error(`login refused: ${answer}`);
  stream.pause();
  stream.unshift(Buffer.from(`* PREAUTH [CAPABILITY ${words}] ready\r\n`));
  return { stream, capabilities: words.split(' '), greeting };
};

/** One line at a time; what follows stays in the stream. */
const lineReader = (stream: Socket): (() => Promise<string>) => {
  return async () => {
    let text = '';
    for (;;) {
      const byte = stream.read(1) as Buffer | null;
      if (byte === null) await new Promise((resolve) => stream.once('readable', resolve));
      else if (byte.toString('latin1') === '\n') return text.trimEnd();
      else text += byte.toString('latin1');
    }
  };
};
