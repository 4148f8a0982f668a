/**
 * Image references as Docker reads them: grammar, normalisation and errors of github.com/distribution/reference
 * (reference.go, normalize.go), which `docker pull` runs before it asks the engine.
 */
import { checkDigest, type Digest } from "./digest";
import { ImageError } from "./error";

export const DEFAULT_DOMAIN = "docker.io";
export const DEFAULT_TAG = "latest";
const OLD_DEFAULT_DOMAIN = "index.docker.io";
const OFFICIAL_PREFIX = "library/";

/** Docker's bound on the path of a repository, in characters. */
export const MAX_REPOSITORY_LENGTH = 255;

const ALPHANUMERIC = "[a-z0-9]+";
const SEPARATOR = "(?:[._]|__|-+)";
const PATH_COMPONENT = `${ALPHANUMERIC}(?:${SEPARATOR}${ALPHANUMERIC})*`;
const PATH = `${PATH_COMPONENT}(?:/${PATH_COMPONENT})*`;
const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])`;
const DOMAIN = `${HOST}(?::[0-9]+)?`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const REFERENCE = new RegExp(`^(${DOMAIN})/(${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const REPOSITORY = new RegExp(`^${PATH}$`);
const WHOLE_TAG = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

/** No reference is longer; what is longer is refused before a regular expression sees it. */
const MAX_REFERENCE_LENGTH = 4096;

/** `docker.io/library/busybox:1.36@sha256:…`, in its parts. */
export interface Reference {
  /** Registry host with its port: `docker.io`, `localhost:5000`. */
  domain: string;
  /** Repository within the registry: `library/busybox`. */
  path: string;
  tag?: string;
  digest?: Digest;
}

/** A name that is no reference; the message is Docker's own. */
export class InvalidReferenceError extends ImageError {
  constructor(message: string) {
    super("invalid-reference", message);
  }
}

/**
 * The parts of what somebody wrote after `docker pull`, normalised: `busybox` is `docker.io/library/busybox`.
 * No tag is put in; see `withDefaultTag`.
 * @throws InvalidReferenceError in Docker's words; DigestError for a digest of a wrong length or algorithm.
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH) throw new InvalidReferenceError("invalid reference format");
  if (IDENTIFIER.test(text)) {
    throw new InvalidReferenceError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, rest } = splitDomain(text);
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  if (path.toLowerCase() !== path) {
    throw new InvalidReferenceError(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${domain}/${rest}`);
  if (!match) throw new InvalidReferenceError("invalid reference format");
  if (match[2].length > MAX_REPOSITORY_LENGTH) {
    throw new InvalidReferenceError(`repository name must not be more than ${MAX_REPOSITORY_LENGTH} characters`);
  }
  const reference: Reference = { domain: match[1], path: match[2] };
  if (match[3] !== undefined) reference.tag = match[3];
  if (match[4] !== undefined) reference.digest = checkDigest(match[4]);
  return reference;
}

/** What stands before the first slash is a host only if it looks like one; otherwise it is part of the path. */
function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isHost = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  let domain = isHost ? first : DEFAULT_DOMAIN;
  let rest = isHost ? text.slice(slash + 1) : text;
  if (domain === OLD_DEFAULT_DOMAIN) domain = DEFAULT_DOMAIN;
  if (domain === DEFAULT_DOMAIN && !rest.includes("/")) rest = OFFICIAL_PREFIX + rest;
  return { domain, rest };
}

/** The reference with `:latest` if it has neither tag nor digest, as `docker pull` and `docker tag` do. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** `docker.io/library/busybox`: what names a repository in the whole world. */
export function fullName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `busybox`: what Docker prints for a repository, without what it would put in itself. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return fullName(reference);
  const short = reference.path.slice(OFFICIAL_PREFIX.length);
  // Without its prefix, library/a/b would be another repository.
  return reference.path.startsWith(OFFICIAL_PREFIX) && !short.includes("/") ? short : reference.path;
}

/** `docker.io/library/busybox:1.36`, with tag and digest where they are. */
export function fullReference(reference: Reference): string {
  return fullName(reference) + suffix(reference);
}

/** `busybox:1.36`, as `docker images` and `docker ps` print it. */
export function familiarReference(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}

/** Whether `text` can be a tag. */
export function isTag(text: string): boolean {
  return WHOLE_TAG.test(text);
}

/** Whether `text` can be the repository in a registry's URL: `library/busybox`, without a host. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text);
}
