/** Image configuration (OCI image specification, config.md), with what Docker adds to it. */
import * as v from "valibot";
import { isDigest, type Digest } from "./digest";
import { checked, parseJson, type Known } from "./document";
import { MAX_LAYERS } from "./manifest";

/** Instructions an image may have been made by. */
export const MAX_HISTORY = 1000;

const strings = v.nullish(v.array(v.string()));
/** Go writes sets as objects with empty values. */
const set = v.nullish(v.record(v.string(), v.unknown()));

const healthcheckSchema = v.looseObject({
  Test: strings,
  /** Nanoseconds, as all of Docker's durations. */
  Interval: v.optional(v.number()),
  Timeout: v.optional(v.number()),
  StartPeriod: v.optional(v.number()),
  StartInterval: v.optional(v.number()),
  Retries: v.optional(v.number()),
});

const containerConfigSchema = v.looseObject({
  User: v.nullish(v.string()),
  ExposedPorts: set,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: set,
  WorkingDir: v.nullish(v.string()),
  Labels: v.nullish(v.record(v.string(), v.string())),
  StopSignal: v.nullish(v.string()),
  Shell: strings,
  Healthcheck: v.nullish(healthcheckSchema),
  OnBuild: strings,
});

const historyEntrySchema = v.looseObject({
  created: v.nullish(v.string()),
  created_by: v.optional(v.string()),
  author: v.optional(v.string()),
  comment: v.optional(v.string()),
  /** True of an instruction that made no layer. */
  empty_layer: v.optional(v.boolean()),
});

const diffIdSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "no sha256 digest");

const configSchema = v.looseObject({
  /** RFC 3339. */
  created: v.nullish(v.string()),
  author: v.optional(v.string()),
  architecture: v.string(),
  os: v.string(),
  variant: v.optional(v.string()),
  config: v.nullish(containerConfigSchema),
  rootfs: v.looseObject({
    type: v.literal("layers"),
    diff_ids: v.pipe(
      v.nullable(v.array(diffIdSchema)),
      v.transform((ids) => ids ?? []),
      v.maxLength(MAX_LAYERS),
    ),
  }),
  history: v.nullish(v.pipe(v.array(historyEntrySchema), v.maxLength(MAX_HISTORY))),
});

/** What a container of the image is started with, as `docker inspect` shows it under Config. */
export type ContainerConfig = Known<v.InferOutput<typeof containerConfigSchema>>;
export type HistoryEntry = Known<v.InferOutput<typeof historyEntrySchema>>;
/** Members this engine does not know are kept. */
export type ImageConfig = Known<v.InferOutput<typeof configSchema>>;

/** @throws DocumentError */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  return checked(configSchema, parseJson(bytes, "the image's config"), "the image's config");
}

const utf8 = new TextEncoder();

/** The bytes whose digest is the ImageID. */
export function encodeConfig(config: ImageConfig): Uint8Array<ArrayBuffer> {
  return utf8.encode(JSON.stringify(config));
}
