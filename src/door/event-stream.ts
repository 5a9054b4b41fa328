/** One server-sent event; `comment` keeps the line warm. */
export type Sent = { event: string; data: string; id?: string } | { comment: string };

const encoder = new TextEncoder();

/** WHATWG HTML §9.2.5. No value of ours holds a line break. */
export const encodeEvent = (sent: Sent): Uint8Array =>
  encoder.encode(
    'comment' in sent
      ? `: ${sent.comment}\n\n`
      : `event: ${sent.event}\n${sent.id === undefined ? '' : `id: ${sent.id}\n`}data: ${sent.data}\n\n`,
  );

const headers = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/**
 * An answer that sends each event as it comes. `make` gets a signal that is aborted when the client goes away; it must
 * end then.
 */
export const eventStream = (make: (signal: AbortSignal) => AsyncGenerator<Sent, void, undefined>): Response => {
  const gone = new AbortController();
  const events = make(gone.signal);
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const next = await events.next();
      if (next.done) controller.close();
      else controller.enqueue(encodeEvent(next.value));
    },
    cancel: async () => {
      gone.abort();
      await events.return();
    },
  });
  return new Response(body, { headers });
};
