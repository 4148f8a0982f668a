/** The beginning of a body, taken while it passes. */
import { EXCERPT_MAX_BYTES, type Excerpt } from "../../protocol/exchange";

const READABLE = /^(application\/(.*\+)?json|text\/)/i;

export interface Watched {
  excerpt: Excerpt;
  /** Takes what passes. */
  pass(bytes: Uint8Array): void;
}

/** @param contentType of the body; bodies without one are read when they look like JSON, which clients often leave unsaid */
export function watch(contentType: string | null): Watched {
  const decoder = new TextDecoder();
  const excerpt: Excerpt = { sizeBytes: 0, cut: false };
  let held = 0;
  const readable = contentType ? READABLE.test(contentType) : undefined;
  return {
    excerpt,
    pass(bytes) {
      const text = readable ?? (excerpt.sizeBytes > 0 ? excerpt.text !== undefined : bytes[0] === 0x7b);
      excerpt.sizeBytes += bytes.length;
      if (!text) return;
      const room = Math.max(0, EXCERPT_MAX_BYTES - held);
      const part = bytes.subarray(0, room);
      held += part.length;
      excerpt.text = (excerpt.text ?? "") + decoder.decode(part, { stream: true });
      if (bytes.length > room) excerpt.cut = true;
    },
  };
}

/** The same stream, watched. `over` is called once, however it ends. */
export function through(
  stream: ReadableStream<Uint8Array>,
  watched: Watched,
  over: () => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            over();
            return controller.close();
          }
          watched.pass(value);
          controller.enqueue(value);
        } catch (error) {
          over();
          controller.error(error);
        }
      },
      cancel(reason) {
        over();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
