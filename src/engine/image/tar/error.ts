import { ImageError } from "../error";

export type TarErrorCode =
  | "truncated"
  | "bad-checksum"
  | "bad-number"
  | "bad-header"
  | "unsupported-type"
  | "path-climbs"
  | "path-absolute"
  | "path-too-long"
  | "path-through-link"
  | "link-climbs"
  | "too-many-entries"
  | "too-large"
  | "reserved-name"
  | "content-changed";

/** An archive that cannot be read or written; names the entry it broke at. */
export class TarError extends ImageError {
  /** Path of the entry as the archive has it; absent where no name could be read. */
  readonly entry?: string;
  constructor(code: TarErrorCode, message: string, entry?: string) {
    super(code, entry === undefined ? `tar: ${message}` : `tar: entry ${quote(entry)}: ${message}`);
    this.entry = entry;
  }
}

/** Names come from strangers and may be long: enough of them to find the entry. */
function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
