import type { ByteStream } from "../image/bytes";

/**
 * The same stream, after which something is done, once, whichever way it ends: read to its end, failed, or given up, also
 * before anything was read.
 */
export function withEnd(stream: ByteStream, onend: () => void | Promise<void>): ByteStream {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
        } catch (error) {
          await onend();
          throw error;
        }
        await onend();
        controller.close();
      },
      async cancel(reason) {
        await reader.cancel(reason).catch(() => {});
        await onend();
      },
    },
    { highWaterMark: 0 },
  );
}
