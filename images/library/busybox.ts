import { machineBinary } from "./machine-binary";
import { directory, file, symlink, type Recipe } from "./recipe";

const program = machineBinary("busybox");

/**
 * The commands that are in a busybox: it carries their names one after the other, in order, so that the first is `[`.
 * Read from the program, because a list of our own would be wrong after its next build.
 */
export function appletsOf(busybox: Uint8Array): string[] {
  // Latin 1 gives each byte one character, so that offsets are the same.
  const text = Buffer.from(busybox).toString("latin1");
  const start = text.indexOf("\0[\0[[\0") + 1;
  const end = text.indexOf("\0\0", start);
  if (start === 0 || end < 0) throw new Error("this busybox has no list of commands where one is expected");
  return text.slice(start, end).split("\0");
}

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;
const GROUP = `root:x:0:
daemon:x:1:
www-data:x:33:
nogroup:x:65534:
`;

/** A shell and some two hundred commands in one file; what most of the other images stand on. */
export const busybox: Recipe = {
  name: "busybox",
  tags: ["1"],
  steps: [
    {
      instruction: "COPY busybox /bin/ && busybox --install -s /bin",
      files: [
        directory("bin"),
        file("bin/busybox", program, 0o755),
        ...appletsOf(program).map((name) => symlink(`bin/${name}`, "busybox")),
        directory("etc"),
        file("etc/group", GROUP),
        file("etc/passwd", PASSWD),
        directory("home"),
        directory("root", 0o700),
        directory("tmp", 0o1777),
        directory("usr"),
        symlink("usr/bin", "../bin"),
        directory("var"),
        symlink("var/run", "../run"),
        directory("run"),
      ],
    },
    {
      instruction: 'CMD ["sh"]',
      config: { Cmd: ["sh"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
    },
  ],
};
