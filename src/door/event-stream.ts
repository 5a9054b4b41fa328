import type { Clock } from '#base/clock.ts';

/** One server-sent event; `comment` keeps the line warm. */
export type Sent = { event: string; data: string; id?: string } | { comment: string };

const encoder = new TextEncoder();

/** WHATWG HTML §9.2.5. No value of ours holds a line break. */
const encodeEvent = (sent: Sent): Uint8Array =>
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

/** A client that takes nothing for so long is gone, or might as well be: it comes back and hears how things stand. */
const patienceMs = 60_000;

/**
 * An answer that sends each event as it comes. `make` gets a signal that is aborted when the client goes away, or takes
 * nothing for a minute, in which case `line` is cut as well; it must end then.
 */
export const eventStream = (
  make: (signal: AbortSignal) => AsyncGenerator<Sent, void, undefined>,
  clock: Clock,
  line: { destroy(): unknown } | undefined,
): Response => {
  const gone = new AbortController();
  const events = make(gone.signal);
  let patient: () => void = () => undefined;
  const end = async (): Promise<void> => {
    patient();
    gone.abort();
    await events.return();
  };
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      patient();
      const next = await events.next();
      if (next.done) {
        controller.close();
        return;
      }
      controller.enqueue(encodeEvent(next.value));
      patient = clock.after(patienceMs, () => {
        // Nobody is there to hear what fails in ending.
        end().catch(() => undefined);
        line?.destroy();
      });
    },
    cancel: end,
  });
  return new Response(body, { headers });
};
