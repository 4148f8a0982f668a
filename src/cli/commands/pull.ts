import { segment } from "../api";
import { command, exactly } from "../command";
import type { Context } from "../context";
import { CliFailure } from "../failure";
import { fullName, fullText, parseReference, withDefaultTag } from "../reference";
import type { ImageReference } from "../reference";
import { showProgress } from "../stream/progress";
import { REGISTRY_AUTH_HEADER } from "../../protocol/docker";

/** Base64 of `{}`: nobody in particular. */
export const ANONYMOUS = { [REGISTRY_AUTH_HEADER]: "e30=" };

/** The width for progress on stdout: none where stdout is no terminal. */
export const progressColumns = (context: Context): number | undefined =>
  context.stdoutIsTty ? context.io.tty?.cols : undefined;

/** Fetches an image, or all of a repository; `out` gets the progress. */
export const pullImage = async (
  context: Context,
  reference: ImageReference,
  platform: string,
  show: { out(text: string): Promise<void>; columns?: number } | undefined,
): Promise<void> => {
  const { body } = await context.api.stream("POST", "/images/create", {
    query: {
      fromImage: fullName(reference),
      platform: platform || undefined,
      tag: reference.digest || reference.tag || undefined,
    },
    headers: ANONYMOUS,
    signal: context.signal,
  });
  if (show) await showProgress(body, show);
  else await showProgress(body, { out: async () => undefined });
};

export const pull = command("pull", {
  use: "[OPTIONS] NAME[:TAG|@DIGEST]",
  short: "Download an image from a registry",
  arity: exactly(1),
  completes: "images",
  options: `
    -a, --all-tags           Download all tagged images in the repository
    # --disable-content-trust  Skip image verification (default true)
    --platform string        Set platform if server is multi-platform capable
    -q, --quiet              Suppress verbose output
  `,
  run: async (context, options, [name]) => {
    let reference = parseReference(name);
    if (options.flag("all-tags") && (reference.tag || reference.digest))
      throw new CliFailure("tag can't be used with --all-tags/-a");
    if (!options.flag("all-tags") && !reference.tag && !reference.digest) {
      reference = withDefaultTag(reference);
      if (!options.flag("quiet")) await context.out("Using default tag: latest\n");
    }
    const show = options.flag("quiet") ? undefined : { out: context.out, columns: progressColumns(context) };
    await pullImage(context, reference, options.text("platform"), show);
    await context.out(`${fullText(reference)}\n`);
  },
});

export const push = command("push", {
  use: "[OPTIONS] NAME[:TAG]",
  short: "Upload an image to a registry",
  arity: exactly(1),
  completes: "images",
  options: `
    -a, --all-tags           Push all tags of an image to the repository
    # --disable-content-trust  Skip image signing (default true)
    -q, --quiet              Suppress verbose output
  `,
  run: async (context, options, [name]) => {
    let reference = parseReference(name);
    if (options.flag("all-tags") && (reference.tag || reference.digest))
      throw new CliFailure("tag can't be used with --all-tags/-a");
    if (!options.flag("all-tags") && !reference.tag && !reference.digest) {
      reference = withDefaultTag(reference);
      if (!options.flag("quiet")) await context.out(`Using default tag: ${reference.tag}\n`);
    }
    const { body } = await context.api.stream("POST", `/images/${segment(fullName(reference))}/push`, {
      query: { tag: reference.tag || undefined },
      headers: ANONYMOUS,
      signal: context.signal,
    });
    if (options.flag("quiet")) {
      await showProgress(body, { out: async () => undefined });
      await context.out(`${fullText(reference)}\n`);
    } else await showProgress(body, { out: context.out, columns: progressColumns(context) });
  },
});
