/** Facts of overlays. Commands look into the namespace of a task that has the overlay mounted. */
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { namespaceMember } from "./namespace-facts";
import { hex } from "./memory";
import { mountNamespaces, mountSuperBlock, namespaceMounts } from "./mount";
import {
  overlayInfo,
  overlayLowerPaths,
  overlayLowers,
  overlaySuperBlocks,
  overlayUpper,
  overlayUpperPath,
  overlayWorkPath,
} from "./overlay";
import type { Program } from "./program";
import type { Reader } from "./reading";
import { superBlockDevice } from "./superblock";

/** Host pid of a task in a namespace that has the filesystem mounted. */
function memberThatSees(prog: Program, superBlock: number): number | undefined {
  for (const namespace of mountNamespaces(prog)) {
    for (const mount of namespaceMounts(prog, namespace)) {
      if (mountSuperBlock(prog, mount) !== superBlock) continue;
      const pid = namespaceMember(prog, namespace, "mnt");
      if (pid !== undefined) return pid;
      break;
    }
  }
  return undefined;
}

const line: Fact["command"] = (prog, superBlock) => {
  const pid = memberThatSees(prog, superBlock);
  return pid === undefined ? undefined : `grep ' ${superBlockDevice(prog, superBlock)} ' /proc/${pid}/mountinfo`;
};

function ofInfo<T>(path: string, read: Reader<T>, show: (value: T) => string): Fact {
  return fact(`sb->s_fs_info->${path}`, (prog, superBlock) => read(prog, overlayInfo(prog, superBlock)), show, line);
}

const pathOrNone = (path: string | undefined) => (path === undefined ? "none" : quoted(path));

export const OVERLAY_FACTS: ObjectFacts = {
  all: overlaySuperBlocks,
  facts: {
    device: fact("sb->s_dev", superBlockDevice, String, line),
    upper: ofInfo("layers", overlayUpper, (upper) => (upper === 0 ? "none" : hex(upper))),
    lowers: ofInfo("layers", overlayLowers, (lowers) => lowers.map(hex).join(" ")),
    upperPath: ofInfo("config.upperdir", overlayUpperPath, pathOrNone),
    workPath: ofInfo("config.workdir", overlayWorkPath, pathOrNone),
    lowerPaths: ofInfo("config.lowerdirs", overlayLowerPaths, (paths) => paths.map(quoted).join(" ")),
  },
};
