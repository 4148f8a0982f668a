/** A name of an image: https://github.com/distribution/reference states the grammar. */
export interface ImageReference {
  /** `docker.io`, `localhost:5000`. */
  domain: string;
  /** `library/busybox`. */
  path: string;
  tag: string;
  /** `sha256:…`. */
  digest: string;
}

const MAX_NAME = 255;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::\d+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Reads a name as people write it: `busybox` is `docker.io/library/busybox`. Throws an Error worded as Docker's. */
export const parseReference = (text: string): ImageReference => {
  if (/^[0-9a-f]{64}$/.test(text))
    throw new Error(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  let domain = hasDomain ? first : "docker.io";
  let rest = hasDomain ? text.slice(slash + 1) : text;
  if (domain === "index.docker.io") domain = "docker.io";
  if (domain === "docker.io" && !rest.includes("/")) rest = `library/${rest}`;

  const at = rest.indexOf("@");
  const digest = at < 0 ? "" : rest.slice(at + 1);
  const named = at < 0 ? rest : rest.slice(0, at);
  const colon = named.indexOf(":");
  const path = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? "" : named.slice(colon + 1);
  if (path !== path.toLowerCase())
    throw new Error(`invalid reference format: repository name (${path}) must be lowercase`);
  if (
    !DOMAIN.test(domain) ||
    !path.split("/").every((component) => COMPONENT.test(component)) ||
    (colon >= 0 && !TAG.test(tag)) ||
    (at >= 0 && !DIGEST.test(digest))
  )
    throw new Error("invalid reference format");
  if (path.length > MAX_NAME) throw new Error(`repository name must not be more than ${MAX_NAME} characters`);
  return { domain, path, tag, digest };
};

/** `docker.io/library/busybox`, without tag and digest. */
export const fullName = ({ domain, path }: ImageReference): string => `${domain}/${path}`;

/** `docker.io/library/busybox:latest`. */
export const fullText = (reference: ImageReference): string =>
  fullName(reference) + (reference.tag ? `:${reference.tag}` : "") + (reference.digest ? `@${reference.digest}` : "");

/** The name as people write it. */
export const familiarName = ({ domain, path }: ImageReference): string =>
  domain !== "docker.io"
    ? `${domain}/${path}`
    : path.startsWith("library/") && path.split("/").length === 2
      ? path.slice(8)
      : path;

export const familiarText = (reference: ImageReference): string =>
  familiarName(reference) +
  (reference.tag ? `:${reference.tag}` : "") +
  (reference.digest ? `@${reference.digest}` : "");

/** With the tag `latest` where neither tag nor digest is given. */
export const withDefaultTag = (reference: ImageReference): ImageReference =>
  reference.tag === "" && reference.digest === "" ? { ...reference, tag: "latest" } : reference;
