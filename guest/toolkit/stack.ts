import type { Tool } from "./tool";

/** `stack`: layers, and the one tree they make (`overlayfs.rst`). */
export const stack: Tool = {
  name: "stack",
  summary: "Stacks directories with an overlay: one tree, made of layers.",
  options: [
    {
      name: "at",
      value: "DIR",
      accepts: "new directory",
      default: "/stack",
      help: "where it is made; the tree is DIR/merged (/stack)",
    },
    {
      name: "lower",
      value: "DIR[:DIR]...",
      accepts: "directories",
      help: "the lower layers, the uppermost first; without it, two samples are made",
    },
    { name: "read-only", help: "no upper layer: nothing can be written" },
  ],
  onlyRoot: { may: "mount" },
  steps: [
    {
      when: [],
      step: { kind: "mkdir", path: "{at}", why: "A place for all of it." },
    },
    {
      when: ["!lower"],
      step: {
        kind: "mkdir",
        path: "{at}/base",
        why: "The lowest layer. An image's first layer is such a directory.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "write",
        path: "{at}/base/kept",
        text: "from the base",
        former: null,
        why: "A file that no other layer has: it will be seen as it is.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "write",
        path: "{at}/base/changed",
        text: "from the base",
        former: null,
        why: "A file that the next layer has, too: that one will be seen.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "write",
        path: "{at}/base/removed",
        text: "from the base",
        former: null,
        why: "A file that the next layer will hide.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "mkdir",
        path: "{at}/patch",
        why: "The layer above it. It holds nothing but what is different.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "write",
        path: "{at}/patch/changed",
        text: "from the patch",
        former: null,
        why: "The other version. The one below it is not touched, only hidden.",
      },
    },
    {
      when: ["!lower"],
      step: {
        kind: "mknod",
        path: "{at}/patch/removed",
        type: "character",
        major: 0,
        minor: 0,
        why: "A whiteout: a device 0/0 with the name of a file below says that there is no such file any more.",
      },
    },
    {
      when: ["!read-only"],
      step: {
        kind: "mkdir",
        path: "{at}/upper",
        contents: "discard",
        why: "The upper layer, the only one that is written. What a container changes ends up here.",
      },
    },
    {
      when: ["!read-only"],
      step: {
        kind: "mkdir",
        path: "{at}/work",
        contents: "discard",
        why: "Where the overlay prepares a file, to move it into the upper layer in one go. Both must be of one file system.",
      },
    },
    {
      when: [],
      step: { kind: "mkdir", path: "{at}/merged", why: "Where the layers will be seen as one tree." },
    },
    ...(["lower", "!lower"] as const).flatMap((lower) =>
      (["read-only", "!read-only"] as const).map((readOnly) => ({
        when: [lower, readOnly],
        step: {
          kind: "mount" as const,
          source: "overlay",
          target: "{at}/merged",
          type: "overlay",
          options: [
            lower === "lower" ? "lowerdir={lower}" : "lowerdir={at}/patch:{at}/base",
            ...(readOnly === "read-only" ? [] : ["upperdir={at}/upper", "workdir={at}/work"]),
          ],
          why: `Lay them over each other. lowerdir names the uppermost layer first. Nothing is copied: the overlay looks
            for each name from above, and takes the first that it finds.`,
        },
      })),
    ),
  ],
  examples: ["stack", "stack --lower /usr/share:/etc --at /tmp/both --read-only", "stack --explain", "stack --undo"],
};
