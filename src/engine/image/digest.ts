/** Content digests (OCI image specification, descriptor.md "Digests"): of bytes, of streams, and their verification. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { ImageError } from "./error";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** What a descriptor promises about content. */
export interface Expected {
  digest?: Digest;
  size?: number;
}

/** What content turned out to be. */
export interface Measured {
  digest: Digest;
  /** Bytes. */
  size: number;
}

export type DigestErrorCode = "digest-format" | "digest-mismatch" | "size-mismatch";

/** A digest that is none, or content that is not what its digest or size says. */
export class DigestError extends ImageError {
  readonly expected?: string | number;
  readonly actual?: string | number;
  constructor(code: DigestErrorCode, message: string, expected?: string | number, actual?: string | number) {
    super(code, message);
    this.expected = expected;
    this.actual = actual;
  }
}

const FORMAT = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const SHA256 = /^sha256:[a-f0-9]{64}$/;
/** Registered algorithms, and the number of their hexadecimal digits. */
const DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/**
 * `text`, if it is a digest this engine can verify.
 * @throws DigestError in the words of github.com/opencontainers/go-digest.
 */
export function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  if (!FORMAT.test(text)) throw new DigestError("digest-format", "invalid checksum digest format");
  const [algorithm, hex] = text.split(":");
  // Own names only: "constructor" is no algorithm.
  const digits = Object.hasOwn(DIGITS, algorithm) ? DIGITS[algorithm] : undefined;
  if (digits === undefined) throw new DigestError("digest-format", "unsupported digest algorithm");
  if (hex.length !== digits) throw new DigestError("digest-format", "invalid checksum digest length");
  if (!/^[a-f0-9]+$/.test(hex)) throw new DigestError("digest-format", "invalid checksum digest format");
  throw new DigestError("digest-format", `unsupported digest algorithm: ${algorithm}; content is verified by sha256`);
}

/** The 64 hexadecimal digits of `digest`. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The first twelve digits, as Docker prints ids. */
export function shortId(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

const utf8 = new TextEncoder();

export function digestOf(content: Uint8Array | string): Digest {
  return `sha256:${bytesToHex(sha256(typeof content === "string" ? utf8.encode(content) : content))}`;
}

/** Takes content piece by piece. `measured` may be called once, at the end. */
export interface Digester {
  update(chunk: Uint8Array): void;
  measured(): Measured;
}

export function createDigester(): Digester {
  const hash = sha256.create();
  let size = 0;
  return {
    update(chunk) {
      hash.update(chunk);
      size += chunk.length;
    },
    measured: () => ({ digest: `sha256:${bytesToHex(hash.digest())}`, size }),
  };
}

/** @throws DigestError when `measured` is not what was promised; `what` names the content in the message. */
export function verify(expected: Expected, measured: Measured, what = "content"): void {
  if (expected.size !== undefined && expected.size !== measured.size)
    throw wrongSize(expected.size, measured.size, what);
  if (expected.digest !== undefined && expected.digest !== measured.digest) {
    throw new DigestError(
      "digest-mismatch",
      `${what} is damaged: its digest is ${measured.digest}, expected ${expected.digest}`,
      expected.digest,
      measured.digest,
    );
  }
}

function wrongSize(expected: number, actual: number, what: string, more = ""): DigestError {
  const message = `${what} has a wrong size: ${actual} bytes${more}, expected ${expected}`;
  return new DigestError("size-mismatch", message, expected, actual);
}

/**
 * Passes content on unchanged and errors with a DigestError where it is not what was promised: as soon as it is too
 * long, otherwise at the end. Nobody may use what came out before the stream has ended well.
 */
export function verifying(expected: Expected, what?: string): TransformStream<Uint8Array, Uint8Array> {
  const digester = createDigester();
  let size = 0;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length;
      if (expected.size !== undefined && size > expected.size) {
        throw wrongSize(expected.size, size, what ?? "content", " or more");
      }
      digester.update(chunk);
      controller.enqueue(chunk);
    },
    flush() {
      verify(expected, digester.measured(), what);
    },
  });
}
