/** Which of an image's platforms this machine runs. */
import { ImageError } from "./error";
import type { Descriptor, Index, Platform } from "./manifest";

export interface WantedPlatform {
  os: string;
  architecture: string;
}

/** What the guest is: an i686 running Linux, in Go's words, which images use. */
export const LINUX_386: WantedPlatform = { os: "linux", architecture: "386" };

/** An image that this machine cannot run; says what there is. */
export class PlatformError extends ImageError {
  /** What the image has, `linux/amd64`. */
  readonly available: readonly string[];
  constructor(message: string, available: readonly string[]) {
    super("no-platform", message);
    this.available = available;
  }
}

export function formatPlatform({ os, architecture, variant }: Partial<Platform>): string {
  return [os || "unknown", architecture || "unknown", variant].filter(Boolean).join("/");
}

/** The index's manifest for `wanted`, the first of several. @throws PlatformError in Docker's words, with what there is. */
export function selectPlatform(index: Index, wanted: WantedPlatform = LINUX_386): Descriptor {
  const found = index.manifests.find(({ platform }) => platform && runs(platform, wanted));
  if (found) return found;
  // An index need not say platforms; a single manifest's config does.
  if (index.manifests.length === 1 && !index.manifests[0].platform) return index.manifests[0];
  const available = [
    ...new Set(index.manifests.filter(isRunnable).map(({ platform }) => formatPlatform(platform ?? {}))),
  ];
  throw new PlatformError(
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries: ` +
      (available.length > 0 ? `this image has ${available.join(", ")}` : "it has none"),
    available,
  );
}

/** @throws PlatformError when a config is of another platform. */
export function checkPlatform(config: Partial<Platform>, wanted: WantedPlatform = LINUX_386): void {
  if (runs(config, wanted)) return;
  const has = formatPlatform(config);
  throw new PlatformError(
    `the image's platform (${has}) does not match this machine's (${formatPlatform(wanted)}); ` +
      `use an image that is built for ${formatPlatform(wanted)}`,
    [has],
  );
}

function runs(platform: Partial<Platform>, wanted: WantedPlatform): boolean {
  return platform.os === wanted.os && platform.architecture === wanted.architecture;
}

/** Build attestations stand in an index as manifests of an unknown platform. */
function isRunnable({ platform }: Descriptor): boolean {
  return platform?.os !== "unknown";
}
