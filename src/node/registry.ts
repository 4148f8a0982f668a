/** `glassbox registry`: the library's images and what is pushed, by the OCI distribution API over HTTP. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { memoryBlobStore } from "../engine/image/blob-store";
import { memoryRepositoryStore } from "../engine/registry/repository";
import { registryServer, type RequestHandler } from "../engine/registry/server";
import { readStaticRegistry } from "../engine/registry/static";
import { layeredRegistryStore } from "../engine/registry/store-layers";
import type { Transfer } from "../engine/registry/transfer";
import type { Surroundings } from "./command";
import { folderRegistryStore } from "./folder-store";
import { listenAddress } from "./listen-address";
import { serveRequests } from "./serve-requests";

const DEFAULT_PORT = 5000;

export async function registryCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { listen: { type: "string", default: `127.0.0.1:${DEFAULT_PORT}` }, data: { type: "string" } },
  });
  const { host, port } = listenAddress(values.listen, DEFAULT_PORT);
  const handler = await registryOf({
    library: await surroundings.registry(),
    data: values.data,
    onTransfer: (transfer) => process.stdout.write(`${describe(transfer)}\n`),
  });
  const server = await serveRequests(handler, { host, port });
  process.stdout.write(
    `The registry listens on ${server.host}; what is pushed is kept ${values.data ? `in ${values.data}` : "until it ends"}.\n` +
      `  docker push ${server.host}/NAME\n`,
  );
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await server.close();
  return 0;
}

/**
 * A registry to push to, above the images of the library.
 * @param library folder with the tree of `staticRegistry`
 * @param data folder to keep what is pushed; memory without one
 */
export async function registryOf(options: {
  library: string;
  data?: string;
  onTransfer?: (transfer: Transfer) => void;
}): Promise<RequestHandler> {
  const lower = await readStaticRegistry((path) => readFile(join(options.library, path)));
  const upper =
    options.data === undefined
      ? { blobs: memoryBlobStore(), repositories: memoryRepositoryStore() }
      : folderRegistryStore(options.data);
  return registryServer({ ...layeredRegistryStore(upper, lower), onTransfer: options.onTransfer });
}

/** `push me/app sha256:0123456789ab 1234 bytes stored` */
function describe({ direction, repository, tag, digest, sizeBytes, outcome, from }: Transfer): string {
  const name = tag === undefined ? repository : `${repository}:${tag}`;
  const how = from === undefined ? outcome : `${outcome} from ${from}`;
  return `${direction} ${name} ${digest.slice(0, "sha256:".length + 12)} ${sizeBytes} bytes ${how}`;
}
