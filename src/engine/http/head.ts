/** The head of an HTTP/1.1 request (RFC 9112): the request line and the fields. */

/** Longest head; a longer one is answered with 431. */
export const HEAD_MAX_BYTES = 64 << 10;
const FIELDS_MAX = 200;

export interface Head {
  method: string;
  /** As it was sent: a path and perhaps a query. */
  target: string;
  /** 0 or 1, of HTTP/1.x. */
  minor: number;
  /** By lower-case name; values of a repeated field are joined by a comma. */
  fields: Map<string, string>;
}

/** What a client sent that is no request: the status it is answered with. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Where the head ends, after its empty line; -1 while it is not all there. */
export function headEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 10) continue;
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

/** @throws HttpError for what is no request of HTTP/1.x */
export function parseHead(bytes: Uint8Array): Head {
  const [first, ...lines] = new TextDecoder("latin1").decode(bytes).split(/\r?\n/);
  const [, method, target, minor] = /^([A-Z]{1,16}) (\S+) HTTP\/1\.([01])$/.exec(first) ?? [];
  if (target === undefined) throw new HttpError(400, "This is no request of HTTP/1.1.");
  const given = lines.filter((line) => line !== "");
  if (given.length > FIELDS_MAX) throw new HttpError(431, `A request has at most ${FIELDS_MAX} header fields.`);
  const fields = new Map<string, string>();
  for (const line of given) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) throw new HttpError(400, "A header field is written as Name: value.");
    const key = name.toLowerCase();
    const former = fields.get(key);
    fields.set(key, former === undefined ? value : `${former}, ${value}`);
  }
  return { method, target, minor: Number(minor), fields };
}
