import { busybox } from "./busybox";
import { machineBinary } from "./machine-binary";
import { directory, file, symlink, type Recipe } from "./recipe";

/** Programs that look at what containers are made of, and where they go; busybox has smaller ones of some names. */
const TOOLS = ["bridge", "findmnt", "ip", "ipcmk", "lsns", "nsenter", "setpriv", "strace", "unshare"];

/** The tools to look at a container from within, or at its host with `--pid=host`. */
export const toolbox: Recipe = {
  name: "toolbox",
  tags: ["1"],
  from: busybox,
  steps: [
    {
      instruction: `COPY ${TOOLS.join(" ")} iptables /usr/local/bin/`,
      files: [
        directory("usr"),
        directory("usr/local"),
        directory("usr/local/bin"),
        ...TOOLS.map((name) => file(`usr/local/bin/${name}`, machineBinary(name), 0o755)),
        file("usr/local/bin/xtables-legacy-multi", machineBinary("xtables-legacy-multi"), 0o755),
        symlink("usr/local/bin/iptables", "xtables-legacy-multi"),
        symlink("usr/local/bin/iptables-save", "xtables-legacy-multi"),
        symlink("usr/local/bin/iptables-restore", "xtables-legacy-multi"),
      ],
    },
  ],
};
