import {
  STREAM_HEADER_BYTES,
  STREAM_STDERR,
  STREAM_STDIN,
  STREAM_STDOUT,
  STREAM_SYSTEM_ERROR,
} from "../../protocol/docker";
import { CliFailure } from "../failure";

/** Longest message of the engine within a stream. */
const MAX_SYSTEM_ERROR_BYTES = 64 * 1024;

type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * Takes a stream of frames apart: what the process wrote to stdout goes to `out`, what it wrote to stderr to `err`, as it comes
 * and however frames and chunks are cut. Rejects on a frame of no known stream, and with the engine's own words when it
 * says within the stream what went wrong.
 * https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Container/operation/ContainerAttach
 */
export const demultiplex = async (body: ReadableStream<Uint8Array> | null, out: Write, err: Write): Promise<void> => {
  if (!body) return;
  const reader = body.getReader();
  const header = new Uint8Array(STREAM_HEADER_BYTES);
  let headerBytes = 0;
  let payloadBytes = 0;
  let systemError: Uint8Array | undefined;
  const deliver = async (chunk: Uint8Array): Promise<void> => {
    if (header[0] === STREAM_SYSTEM_ERROR) {
      const joined = new Uint8Array((systemError?.length ?? 0) + chunk.length);
      joined.set(systemError ?? []);
      joined.set(chunk, systemError?.length ?? 0);
      systemError = joined.subarray(0, MAX_SYSTEM_ERROR_BYTES);
    } else await (header[0] === STREAM_STDERR ? err : out)(chunk);
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let at = 0;
      while (at < value.length) {
        if (payloadBytes === 0) {
          const taken = value.subarray(at, at + STREAM_HEADER_BYTES - headerBytes);
          header.set(taken, headerBytes);
          headerBytes += taken.length;
          at += taken.length;
          if (headerBytes < STREAM_HEADER_BYTES) break;
          headerBytes = 0;
          if (![STREAM_STDIN, STREAM_STDOUT, STREAM_STDERR, STREAM_SYSTEM_ERROR].includes(header[0]))
            throw new CliFailure(`Unrecognized input header: ${header[0]}`);
          payloadBytes = new DataView(header.buffer).getUint32(4);
          continue;
        }
        const chunk = value.subarray(at, at + payloadBytes);
        at += chunk.length;
        payloadBytes -= chunk.length;
        await deliver(chunk);
        if (payloadBytes === 0 && systemError)
          throw new CliFailure(`error from daemon in stream: ${new TextDecoder().decode(systemError)}`);
      }
    }
  } catch (thrown) {
    await reader.cancel(thrown).catch(() => undefined);
    throw thrown;
  }
};
