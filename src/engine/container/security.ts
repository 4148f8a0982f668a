/** What `--security-opt` asks for (moby `daemon.parseSecurityOpt`, `oci_linux.WithSeccomp`). */
import type { HostConfig } from "../../protocol/docker";
import { badParameter } from "../api/error";
import { DEFAULT_PROFILE } from "./seccomp/default-profile";
import { parseProfile, type SeccompProfile } from "./seccomp/profile";

export interface Security {
  noNewPrivileges: boolean;
  /** Undefined when system calls are not filtered. */
  seccomp?: SeccompProfile;
}

/** What Go's `strconv.ParseBool` takes. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * The options in their order, the last of a kind counts. `label` and `apparmor` are taken and have no effect, as on every
 * Linux without SELinux and AppArmor.
 * @throws ApiError 400 in Docker's words
 */
export function security({ SecurityOpt, Privileged }: HostConfig): Security {
  let noNewPrivileges = false;
  let seccomp: string | undefined;
  for (const option of SecurityOpt ?? []) {
    if (option === "no-new-privileges") {
      noNewPrivileges = true;
      continue;
    }
    if (option === "disable") continue;
    // A colon is the old way; the JSON of a profile is full of them, so it counts only where there is no `=`.
    const separator = option.includes("=") ? "=" : ":";
    const at = option.indexOf(separator);
    if (at < 0) throw badParameter(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    const value = option.slice(at + 1);
    switch (option.slice(0, at)) {
      case "label":
      case "apparmor":
        break;
      case "seccomp":
        seccomp = value;
        break;
      case "no-new-privileges":
        if (!TRUE.includes(value) && !FALSE.includes(value))
          throw badParameter(`invalid --security-opt 2: ${JSON.stringify(option)}`);
        noNewPrivileges = TRUE.includes(value);
        break;
      default:
        throw badParameter(`invalid --security-opt 2: ${JSON.stringify(option)}`);
    }
  }
  return { noNewPrivileges, seccomp: profileOf(seccomp, Privileged ?? false) };
}

/** Privileged means unconfined, unless a profile is given for it all the same. */
function profileOf(given: string | undefined, privileged: boolean): SeccompProfile | undefined {
  if (given === "unconfined") return undefined;
  if (given === undefined || given === "" || given === "builtin") return privileged ? undefined : DEFAULT_PROFILE;
  return parseProfile(given);
}
