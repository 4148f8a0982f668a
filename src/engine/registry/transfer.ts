/** What moves between a registry and its clients, for who wants to show it. */
import type { Digest } from "../image/digest";

export interface Transfer {
  what: "blob" | "manifest";
  /** `push` is into the registry. */
  direction: "push" | "pull";
  repository: string;
  digest: Digest;
  /** Bytes that moved, or, of what did not have to, that it has. */
  sizeBytes: number;
  /**
   * `sent`: to who pulls. `stored`: it was new. `exists`: the repository has it already, so it need not travel.
   * `mounted`: another repository of the registry has it, and now this one has it too.
   */
  outcome: "sent" | "stored" | "exists" | "mounted";
  /** Repository that it was mounted from. */
  from?: string;
  /** Of a manifest, the tag that was asked for. */
  tag?: string;
}
