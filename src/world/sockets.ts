/** Where the guest reaches what lives outside: the engine's socket, and that of the docker command line. */
import type { Engine } from "../engine/engine";
import type { Guest } from "../engine/guest";
import { COMMAND_LINE_SOCKET } from "../protocol/command-line";

export const ENGINE_SOCKET = "/var/run/docker.sock";

/** As Docker has it: for root and the socket's group. */
const MODE = 0o660;

export interface Sockets {
  /** Stops listening; what is connected stays. */
  close(): void;
}

/**
 * Listens in the guest. The engine is asked for when the first connection needs it, as with socket activation.
 * @throws AgentError when the guest has no place for the sockets
 */
export async function openSockets(guest: Guest, engine: () => Promise<Engine>): Promise<Sockets> {
  const listeners = await Promise.all([
    guest.listen(
      { path: ENGINE_SOCKET },
      (stream) =>
        void engine().then(
          (ready) => ready.serve(stream, { kind: "socket", pid: stream.peer?.pid ?? 0 }),
          () => stream.close(),
        ),
      { mode: MODE, replace: true },
    ),
    guest.listen(
      { path: COMMAND_LINE_SOCKET },
      (stream) => {
        // Fetched only by those who use it.
        void import("./command-line").then(
          ({ serveCommandLine }) => serveCommandLine(stream, { guest, engine, pid: stream.peer?.pid ?? 0 }),
          () => stream.close(),
        );
      },
      { mode: MODE, replace: true },
    ),
  ]);
  return { close: () => listeners.forEach((listener) => listener.close()) };
}
