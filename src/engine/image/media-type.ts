/** Media types of image parts (OCI image specification, media-types.md; Docker's image manifest version 2, schema 2). */
import type { Compression } from "./compression";

export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
export const DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** Media types of OCI layers by their compression. */
export const OCI_LAYER_BY_COMPRESSION: Readonly<Record<Compression, string>> = {
  none: OCI_LAYER,
  gzip: `${OCI_LAYER}+gzip`,
  zstd: `${OCI_LAYER}+zstd`,
};

/** OCI's word for a layer of Docker's; the bytes are the same. */
export function ociLayerType(mediaType: string): string {
  if (mediaType === DOCKER_LAYER) return OCI_LAYER_BY_COMPRESSION.none;
  return mediaType === DOCKER_LAYER_GZIP ? OCI_LAYER_BY_COMPRESSION.gzip : mediaType;
}

export const INDEX_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST];
export const MANIFEST_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const CONFIG_TYPES: readonly string[] = [OCI_CONFIG, DOCKER_CONFIG];

/** `type` without its parameters: `application/json; charset=utf-8` is `application/json`. */
export function essence(type: string): string {
  return type.split(";", 1)[0].trim().toLowerCase();
}
