/** Zstandard for the build, through WebAssembly: Node 20 has none of its own. */
import { compress as compressZstd, init } from "@bokuweb/zstd-wasm";

const ready = init();

/** Smallest at 19; anything the page fetches is compressed once and read often. */
export async function compress(bytes: Uint8Array, level = 19): Promise<Uint8Array<ArrayBuffer>> {
  await ready;
  return new Uint8Array(compressZstd(bytes, level));
}
