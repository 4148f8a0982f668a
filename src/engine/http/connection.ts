/** One connection of HTTP/1.1: requests in, answers out, until somebody closes it or it becomes a raw stream. */
import { ByteReader } from "./byte-reader";
import { HEAD_MAX_BYTES, headEnd, HttpError, parseHead, type Head } from "./head";

/** A connection in two directions. */
export interface Duplex {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
}

/** An answer after which the connection carries bytes of another kind, in both directions, until either side closes. */
export interface Hijack {
  contentType: string;
  /** Resolves when it is over. */
  serve(stream: Duplex): Promise<void>;
}

export type Handler = (request: Request) => Promise<Response | { hijack: Hijack }>;

const encoder = new TextEncoder();
const CHUNK_LINE_MAX_BYTES = 1024;
const NO_BODY = new Set([204, 304]);

/** Answers requests one after the other; resolves when the connection is closed. Never rejects. */
export async function serveConnection(connection: Duplex, handler: Handler): Promise<void> {
  const reader = new ByteReader(connection.readable);
  const writer = connection.writable.getWriter();
  writer.closed.catch(() => {});
  try {
    for (;;) {
      const head = await readHead(reader);
      if (!head) break;
      const goOn = await answer(head, reader, writer, handler);
      if (!goOn) break;
    }
    await writer.close();
  } catch (error) {
    if (error instanceof HttpError) await refuse(writer, error).catch(() => {});
    await writer.abort(error).catch(() => {});
  }
  await reader.cancel();
}

async function readHead(reader: ByteReader): Promise<Head | undefined> {
  for (;;) {
    const end = headEnd(reader.held);
    if (end > HEAD_MAX_BYTES || (end < 0 && reader.held.length > HEAD_MAX_BYTES))
      throw new HttpError(431, `The header of a request has at most ${HEAD_MAX_BYTES} bytes.`);
    if (end >= 0) return parseHead(reader.take(end).slice());
    if (!(await reader.more())) {
      if (reader.held.length > 0) throw new HttpError(400, "The connection ended in the middle of a header.");
      return undefined;
    }
  }
}

/** True when another request may follow. */
async function answer(head: Head, reader: ByteReader, writer: Writer, handler: Handler): Promise<boolean> {
  if (head.fields.get("expect")?.toLowerCase() === "100-continue")
    await writer.write(encoder.encode("HTTP/1.1 100 Continue\r\n\r\n"));
  const body = bodyOf(head, reader);
  const gone = new AbortController();
  void writer.closed.catch(() => {}).then(() => gone.abort());
  const response = await handler(request(head, body?.stream, gone.signal));
  if ("hijack" in response) {
    await hijack(response.hijack, head, reader, writer);
    return false;
  }
  const keep = head.minor === 1 && !/\bclose\b/i.test(head.fields.get("connection") ?? "");
  await send(response, head, writer, keep);
  // What the handler left of the body would be read as the next request.
  await body?.drain();
  return keep;
}

type Writer = WritableStreamDefaultWriter<Uint8Array>;

function request(head: Head, body: ReadableStream<Uint8Array> | undefined, signal: AbortSignal): Request {
  if (!head.target.startsWith("/")) throw new HttpError(400, "The target of a request is a path.");
  const url = `http://docker${head.target}`;
  if (!URL.canParse(url)) throw new HttpError(400, "The target of a request is a path.");
  const headers = new Headers();
  for (const [name, value] of head.fields) headers.append(name, value);
  const carries = body !== undefined && head.method !== "GET" && head.method !== "HEAD";
  const init: RequestInit & { duplex?: "half" } = { method: head.method, headers, signal };
  if (carries) Object.assign(init, { body, duplex: "half" });
  return new Request(url, init);
}

function bodyOf(
  head: Head,
  reader: ByteReader,
): { stream: ReadableStream<Uint8Array>; drain(): Promise<void> } | undefined {
  const encoding = head.fields.get("transfer-encoding")?.toLowerCase();
  const length = head.fields.get("content-length");
  if (encoding !== undefined && encoding !== "chunked")
    throw new HttpError(501, "The one transfer coding here is chunked.");
  if (encoding === undefined && length === undefined) return undefined;
  if (encoding !== undefined && length !== undefined) throw new HttpError(400, "A body has a length or is chunked.");
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new HttpError(400, "Content-Length is a number.");
  const pieces = encoding ? chunks(reader) : counted(reader, Number(length));
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
      }
    },
  });
  return {
    stream,
    async drain() {
      while (!(await pieces.next()).done);
    },
  };
}

async function* counted(reader: ByteReader, length: number): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0;) {
    const bytes = await reader.some(left);
    if (!bytes) throw new HttpError(400, "The connection ended in the middle of a body.");
    left -= bytes.length;
    yield bytes;
  }
}

async function* chunks(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const line = async () => {
    const text = await reader.line(CHUNK_LINE_MAX_BYTES).catch(() => undefined);
    if (text === undefined) throw new HttpError(400, "The connection ended in the middle of a body.");
    return text;
  };
  for (;;) {
    const [, size] = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i.exec(await line()) ?? [];
    if (size === undefined) throw new HttpError(400, "A chunk begins with its size in hexadecimal digits.");
    const length = parseInt(size, 16);
    if (length === 0) break;
    yield* counted(reader, length);
    if ((await line()) !== "") throw new HttpError(400, "A chunk ends with an empty line.");
  }
  // Trailers say nothing here.
  while ((await line()) !== "");
}

async function send(response: Response, head: Head, writer: Writer, keep: boolean): Promise<void> {
  const headers = new Headers(response.headers);
  const empty = head.method === "HEAD" || NO_BODY.has(response.status) || response.body === null;
  const chunked = !empty && !headers.has("content-length");
  if (response.body === null && !NO_BODY.has(response.status) && !headers.has("content-length"))
    headers.set("content-length", "0");
  if (chunked && head.minor === 1) headers.set("transfer-encoding", "chunked");
  headers.set("connection", keep ? "keep-alive" : "close");
  await writer.write(headBytes(response.status, response.statusText, headers));
  if (empty) {
    await response.body?.cancel();
    return;
  }
  // Who waits for a first byte that is long in coming must at least see the head: it has gone.
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    if (bytes.length === 0) continue;
    if (chunked && head.minor === 1) await writer.write(chunk(bytes));
    else await writer.write(bytes);
  }
  if (chunked && head.minor === 1) await writer.write(encoder.encode("0\r\n\r\n"));
}

function chunk(bytes: Uint8Array): Uint8Array {
  const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const whole = new Uint8Array(size.length + bytes.length + 2);
  whole.set(size);
  whole.set(bytes, size.length);
  whole.set([13, 10], size.length + bytes.length);
  return whole;
}

function headBytes(status: number, text: string, headers: Headers): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${text || (STATUS_TEXT[status] ?? "")}`];
  headers.forEach((value, name) =>
    lines.push(`${name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}: ${value}`),
  );
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

async function hijack(hijack: Hijack, head: Head, reader: ByteReader, writer: Writer): Promise<void> {
  const upgrade = head.fields.get("upgrade");
  const lines = upgrade
    ? ["HTTP/1.1 101 UPGRADED", `Content-Type: ${hijack.contentType}`, "Connection: Upgrade", `Upgrade: ${upgrade}`]
    : ["HTTP/1.1 200 OK", `Content-Type: ${hijack.contentType}`];
  await writer.write(encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => void writer.closed.catch((error: unknown) => controller.error(error)),
    write: (bytes) => writer.write(bytes),
  });
  await hijack.serve({ readable: reader.rest(), writable });
}

async function refuse(writer: Writer, error: HttpError): Promise<void> {
  const body = encoder.encode(`${JSON.stringify({ message: error.message })}\n`);
  const headers = new Headers({
    "content-type": "application/json",
    "content-length": String(body.length),
    connection: "close",
  });
  await writer.write(headBytes(error.status, "", headers));
  await writer.write(body);
  await writer.close();
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  304: "Not Modified",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  416: "Range Not Satisfiable",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};
