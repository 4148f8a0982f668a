/**
 * The names of an image's parts. DiffID: digest of a layer's uncompressed tar. ChainID: of a layer with all below it
 * (OCI image specification, config.md, "Layer ChainID"). ImageID: digest of the config's bytes.
 */
import { digestOf, type Digest } from "./digest";

/** Of each layer, lowest first, the ChainID of the stack that it tops. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

export function imageIdOf(configBytes: Uint8Array): Digest {
  return digestOf(configBytes);
}
