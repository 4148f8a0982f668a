import { CliFailure } from "../failure";

const BLOCK = 512;
/** Longest extended header: names of a few thousand characters and their like. */
const MAX_EXTENDED_BYTES = 1024 * 1024;
const NAME_BYTES = 100;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What is asked about each entry. `name` has neither `./` before nor a slash behind it; the root itself is empty. */
export interface TarEntry {
  name: string;
  isDirectory: boolean;
  sizeBytes: number;
}

export interface RewriteOptions {
  /** The entry's new name, or undefined to leave it out. */
  rename(entry: TarEntry): string | undefined;
  /** Gives all entries to root, as build contexts are sent. */
  rootOwner?: boolean;
}

/** Reads exact numbers of bytes from a stream of chunks. */
const exactReader = (stream: ReadableStream<Uint8Array>) => {
  const reader = stream.getReader();
  let rest: Uint8Array = new Uint8Array(0);
  const some = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const { done, value } = await reader.read();
      if (done) return false;
      rest = value;
    }
    return true;
  };
  return {
    /** At most `limit` bytes as they come; undefined at the end. */
    some: async (limit: number): Promise<Uint8Array | undefined> => {
      if (!(await some())) return undefined;
      const taken = rest.subarray(0, limit);
      rest = rest.subarray(taken.length);
      return taken;
    },
    /** Exactly `count` bytes; undefined at an end before the first. */
    take: async (count: number): Promise<Uint8Array | undefined> => {
      const out = new Uint8Array(count);
      let at = 0;
      while (at < count) {
        if (!(await some())) {
          if (at === 0) return undefined;
          throw new CliFailure("the tar archive ends in the middle of an entry");
        }
        const part = rest.subarray(0, count - at);
        out.set(part, at);
        at += part.length;
        rest = rest.subarray(part.length);
      }
      return out;
    },
    cancel: (reason?: unknown) => reader.cancel(reason).catch(() => undefined),
  };
};

const field = (header: Uint8Array, at: number, length: number): string => {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
};

const numberField = (header: Uint8Array, at: number, length: number): number => {
  if (header[at] & 0x80) {
    let value = header[at] & 0x7f;
    for (let index = 1; index < length; index++) value = value * 256 + header[at + index];
    return value;
  }
  const text = field(header, at, length).trim();
  return text === "" ? 0 : Number.parseInt(text, 8);
};

const parsePax = (body: Uint8Array): Map<string, string> => {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = Number(decoder.decode(body.subarray(at, space)));
    if (space < 0 || !Number.isInteger(length) || length <= space - at) break;
    const record = decoder.decode(body.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
};

const paxText = (records: Map<string, string>): Uint8Array => {
  let text = "";
  for (const [name, value] of records) {
    const body = ` ${name}=${value}\n`;
    const bytes = encoder.encode(body).length;
    let length = bytes + String(bytes).length;
    if (String(length).length + bytes !== length) length = bytes + String(length).length;
    text += length + body;
  }
  return encoder.encode(text);
};

const seal = (header: Uint8Array): Uint8Array => {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
};

const padded = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  out.set(bytes);
  return out;
};

const extendedHeader = (records: Map<string, string>): Uint8Array[] => {
  const body = paxText(records);
  const header = new Uint8Array(BLOCK);
  header.set(encoder.encode("PaxHeaders.0/entry"));
  header.set(
    encoder.encode(
      "0000644\0" + "0000000\0" + "0000000\0" + body.length.toString(8).padStart(11, "0") + "\0" + "00000000000\0",
    ),
    100,
  );
  header[156] = "x".charCodeAt(0);
  header.set(encoder.encode("ustar\0" + "00"), 257);
  return [seal(header), padded(body)];
};

const plainName = (name: string): string =>
  name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");

/**
 * Reads a tar (ustar, GNU or pax) and writes it again with other names, owners, or with fewer entries; contents pass by as they
 * come. Hard links within it are renamed along.
 */
export async function* rewriteTar(
  stream: ReadableStream<Uint8Array>,
  options: RewriteOptions,
): AsyncGenerator<Uint8Array> {
  const reader = exactReader(stream);
  let records = new Map<string, string>();
  let isOver = false;
  try {
    for (;;) {
      const header = await reader.take(BLOCK);
      if (!header) break;
      if (header.every((byte) => byte === 0)) {
        // What follows the end is read and left, so that who writes it is not cut off.
        while (await reader.some(1 << 16));
        break;
      }
      const type = String.fromCharCode(header[156]);
      const ownSize = numberField(header, 124, 12);
      if (!Number.isSafeInteger(ownSize) || ownSize < 0)
        throw new CliFailure("the tar archive has an entry of no readable size");
      if ("xgLK".includes(type)) {
        if (ownSize > MAX_EXTENDED_BYTES)
          throw new CliFailure(`the tar archive has an extended header of more than ${MAX_EXTENDED_BYTES} bytes`);
        const body = (await reader.take(Math.ceil(ownSize / BLOCK) * BLOCK)) ?? new Uint8Array(0);
        if (type === "x") for (const [name, value] of parsePax(body.subarray(0, ownSize))) records.set(name, value);
        if (type === "L") records.set("path", field(body, 0, ownSize));
        if (type === "K") records.set("linkpath", field(body, 0, ownSize));
        continue;
      }
      const isUstar = field(header, 257, 5) === "ustar" && header[262] === 0;
      const prefix = isUstar ? field(header, 345, 155) : "";
      const name = records.get("path") ?? (prefix === "" ? "" : `${prefix}/`) + field(header, 0, NAME_BYTES);
      const sizeBytes = records.has("size") ? Number(records.get("size")) : ownSize;
      const isDirectory = type === "5" || name.endsWith("/");
      const newName = options.rename({ name: plainName(name), isDirectory, sizeBytes });
      let left = Math.ceil(sizeBytes / BLOCK) * BLOCK;
      if (newName !== undefined) {
        const written = isDirectory ? `${newName === "" ? "." : newName}/` : newName;
        const link = records.get("linkpath") ?? field(header, 157, NAME_BYTES);
        const newLink =
          type === "1" ? (options.rename({ name: plainName(link), isDirectory: false, sizeBytes: 0 }) ?? link) : link;
        records.delete("path");
        records.delete("linkpath");
        const put = (text: string, at: number, record: string): void => {
          const bytes = encoder.encode(text);
          header.fill(0, at, at + NAME_BYTES);
          header.set(bytes.subarray(0, NAME_BYTES), at);
          if (bytes.length > NAME_BYTES || bytes.length !== text.length) records.set(record, text);
        };
        put(written, 0, "path");
        put(newLink, 157, "linkpath");
        if (isUstar) header.fill(0, 345, 500);
        if (options.rootOwner) {
          header.set(encoder.encode("0000000\0" + "0000000\0"), 108);
          if (field(header, 257, 5) === "ustar") header.fill(0, 265, 329);
          for (const owner of ["uid", "gid", "uname", "gname"]) records.delete(owner);
        }
        if (records.size > 0) yield* extendedHeader(records);
        yield seal(header);
      }
      while (left > 0) {
        const part = await reader.some(left);
        if (!part) throw new CliFailure("the tar archive ends in the middle of an entry");
        left -= part.length;
        if (newName !== undefined) yield part;
      }
      records = new Map();
    }
    yield new Uint8Array(2 * BLOCK);
    isOver = true;
  } finally {
    if (!isOver) await reader.cancel();
  }
}

/** A tar of one file with this text. */
export const tarOfFile = (name: string, content: Uint8Array): Uint8Array => {
  const header = new Uint8Array(BLOCK);
  header.set(encoder.encode(name).subarray(0, NAME_BYTES));
  header.set(
    encoder.encode(
      "0000644\0" + "0000000\0" + "0000000\0" + content.length.toString(8).padStart(11, "0") + "\0" + "00000000000\0",
    ),
    100,
  );
  header[156] = "0".charCodeAt(0);
  header.set(encoder.encode("ustar\0" + "00"), 257);
  const body = padded(content);
  const out = new Uint8Array(3 * BLOCK + body.length);
  out.set(seal(header));
  out.set(body, BLOCK);
  return out;
};

/** Whether bytes begin a tar, plain or compressed by gzip, bzip2, xz or zstd. */
export const isArchive = (head: Uint8Array): boolean => {
  const begins = (...magic: number[]): boolean => magic.every((byte, index) => head[index] === byte);
  if (
    begins(0x1f, 0x8b) ||
    begins(0x42, 0x5a, 0x68) ||
    begins(0xfd, 0x37, 0x7a, 0x58, 0x5a) ||
    begins(0x28, 0xb5, 0x2f, 0xfd)
  )
    return true;
  if (head.length < BLOCK) return false;
  const copy = head.slice(0, BLOCK);
  const sum = numberField(copy, 148, 8);
  copy.fill(0x20, 148, 156);
  return copy.reduce((all, byte) => all + byte, 0) === sum;
};

/** A stream of what a generator yields. */
export const streamOf = (chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await chunks.return(undefined);
    },
  });
