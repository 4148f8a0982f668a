/** Image manifests and indexes (OCI image specification, manifest.md and image-index.md; Docker schema 2). */
import * as v from "valibot";
import { isDigest, type Digest } from "./digest";
import { checked, DocumentError, parseJson, type Known } from "./document";
import { essence, INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from "./media-type";

/** Docker's bound on the layers of an image ("max depth exceeded"). */
export const MAX_LAYERS = 125;
/** Manifests one index may name. */
export const MAX_INDEX_ENTRIES = 1000;

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "no sha256 digest");
const annotationsSchema = v.nullish(v.record(v.string(), v.string()));

const platformSchema = v.looseObject({
  architecture: v.string(),
  os: v.string(),
  variant: v.optional(v.string()),
});

const descriptorSchema = v.looseObject({
  mediaType: v.string(),
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: annotationsSchema,
  platform: v.nullish(platformSchema),
});

const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  config: descriptorSchema,
  layers: v.pipe(
    v.array(descriptorSchema),
    v.maxLength(MAX_LAYERS, `max depth exceeded: more than ${MAX_LAYERS} layers`),
  ),
  annotations: annotationsSchema,
  artifactType: v.optional(v.string()),
  subject: v.nullish(descriptorSchema),
});

const indexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  manifests: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_INDEX_ENTRIES)),
  annotations: annotationsSchema,
  artifactType: v.optional(v.string()),
  subject: v.nullish(descriptorSchema),
});

export type Platform = Known<v.InferOutput<typeof platformSchema>>;
/** What names content: type, digest, and size in bytes (descriptor.md). */
export type Descriptor = Known<v.InferOutput<typeof descriptorSchema>>;
export type Manifest = Known<v.InferOutput<typeof manifestSchema>> & { mediaType: string };
export type Index = Known<v.InferOutput<typeof indexSchema>> & { mediaType: string };

/** A document a registry keeps under a tag, told apart. */
export type ManifestDocument = { kind: "manifest"; manifest: Manifest } | { kind: "index"; index: Index };

/**
 * The manifest or index in `bytes`.
 * @param contentType what a registry says it is, if it says; it must not contradict the document.
 * @throws DocumentError
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ManifestDocument {
  const value = parseJson(bytes, "the manifest");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DocumentError("the manifest is invalid: it is no object");
  }
  if ("schemaVersion" in value && value.schemaVersion === 1) {
    throw new DocumentError("the manifest is of schema 1, which Docker no longer reads; push the image again");
  }
  // A document that can be read in two ways hides one of them (OCI advisory GHSA-77vh-xpmg-72qh).
  const isIndex = "manifests" in value;
  if (isIndex && ("layers" in value || "config" in value)) {
    throw new DocumentError("the manifest is invalid: it is a manifest and an index at once");
  }
  const stated = statedType(value, contentType);
  const mediaType = stated ?? (isIndex ? OCI_INDEX : OCI_MANIFEST);
  if (isIndex) {
    if (!INDEX_TYPES.includes(mediaType)) throw contradiction(mediaType, "an index");
    return { kind: "index", index: { ...checked(indexSchema, value, "the index"), mediaType } };
  }
  if (!MANIFEST_TYPES.includes(mediaType)) throw contradiction(mediaType, "a manifest");
  return { kind: "manifest", manifest: { ...checked(manifestSchema, value, "the manifest"), mediaType } };
}

/** What a document says it is, or else what its server says; a server of plain files says nothing of use. */
function statedType(value: object, contentType: string | undefined): string | undefined {
  const within = "mediaType" in value && typeof value.mediaType === "string" ? value.mediaType : undefined;
  const outer = contentType === undefined ? undefined : essence(contentType);
  const isKnown = outer !== undefined && (INDEX_TYPES.includes(outer) || MANIFEST_TYPES.includes(outer));
  if (within !== undefined && isKnown && within !== outer) {
    throw new DocumentError(`the manifest is invalid: it calls itself ${within}, its registry ${outer}`);
  }
  return within ?? (isKnown ? outer : undefined);
}

function contradiction(mediaType: string, looks: string): DocumentError {
  return new DocumentError(`the manifest is invalid: it calls itself ${mediaType} and looks like ${looks}`);
}

/** Everything a document refers to and cannot be without: config and layers, or manifests. */
export function referencesOf(document: ManifestDocument): Descriptor[] {
  return document.kind === "index" ? document.index.manifests : [document.manifest.config, ...document.manifest.layers];
}
