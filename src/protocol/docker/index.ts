/**
 * The Docker Engine API 1.44 as it is spoken: field for field what travels as JSON, by the names of Docker's own
 * description, https://docs.docker.com/reference/api/engine/version/v1.44/. Types and flat constants only.
 *
 * `| null` stands where Go writes an empty list or map as null; fields with `?` may be absent. In requests all that may
 * be left out is optional. Sizes are bytes, instants RFC 3339 texts or Unix seconds as each field says.
 */
export type * from "./build";
export type * from "./container";
export type * from "./container-config";
export type * from "./error";
export type * from "./event";
export type * from "./exec";
export type * from "./image";
export type * from "./mount";
export type * from "./network";
export * from "./operation";
export type * from "./port";
export type * from "./progress";
export type * from "./resources";
export type * from "./stats";
export * from "./stream";
export type * from "./system";
export type * from "./volume";
