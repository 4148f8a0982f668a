/** A TCP connection as web streams. Node's own `Duplex.toWeb` does not tell when the other side has sent all it will. */
import type { Socket } from "node:net";

export interface SocketStreams {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
}

/** The socket must allow to be half open. */
export function socketStreams(socket: Socket): SocketStreams {
  let open = true;
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      socket.pause();
      const end = (settle: () => void) => {
        if (open) settle();
        open = false;
      };
      socket.on("data", (bytes: Buffer) => {
        if (!open) return;
        controller.enqueue(new Uint8Array(bytes));
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on("end", () => end(() => controller.close()));
      socket.on("error", (error) => end(() => controller.error(error)));
      socket.on("close", () => end(() => controller.close()));
    },
    pull() {
      socket.resume();
    },
    cancel() {
      open = false;
      // What comes is thrown away, and what is still to be written goes out.
      socket.resume();
    },
  });
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      socket.on("close", () => controller.error(new Error("The connection is closed.")));
    },
    write: (bytes) =>
      new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve()))),
    close: () => new Promise((resolve) => socket.end(() => resolve())),
    abort() {
      socket.destroy();
    },
  });
  return { readable, writable };
}
