import type { Option } from "./tool";
import { variable } from "./template";

/** Lines that check an option's value before anything is done. @throws TypeError when the option accepts nothing special. */
export function check({ name, accepts, default: preset }: Option): string {
  const value = variable(name);
  const given = preset === undefined ? `[ ! "$${value}" ] || ` : "";
  if (typeof accepts === "object") {
    const { oneOf } = accepts;
    return `case $${value} in
${[...(preset === undefined ? ["''"] : []), ...oneOf].join(" | ")}) ;;
*) fail "--${name}: '$${value}' is none of ${oneOf.join(", ")}" ;;
esac`;
  }
  switch (accepts) {
    case "directory":
      return asPath(value);
    case "new directory":
      return `${asPath(value)}
case $${value} in *[,:\\\\]*) fail "--${name}: '$${value}' cannot be part of a mount option; use no comma, colon or backslash" ;; esac`;
    case "directories":
      return `case $${value} in *[,\\\\]*) fail "--${name}: '$${value}' cannot be part of a mount option; use no comma or backslash" ;; esac`;
    case "host name":
      return `case $${value} in
-* | *[!A-Za-z0-9.-]*) fail "--${name}: '$${value}' is no host name; use letters, digits, dots and hyphens" ;;
esac
[ \${#${value}} -le 64 ] || fail '--${name}: a host name has at most 64 characters'`;
    case "number":
      return matching("0* | *[!0-9]* | ????????*", "is no number from 1 to 9999999");
    case "size": {
      const wrong = `fail "--${name}: '$${value}' is no size; write bytes, or a number with K, M or G behind it"`;
      return `case \${${value}%[KMG]} in
0* | *[!0-9]* | ????????*) ${wrong} ;;
'') [ ! "$${value}" ] || ${wrong} ;;
esac`;
    }
    case "name":
      return matching(
        "-* | *[!A-Za-z0-9-]* | ?????????*",
        "is no name; use letters, digits and hyphens, eight at most",
      );
    case "address prefix":
      return `${given}case $${value} in
.* | *. | *..* | *[!0-9.]* | *.*.*.*) fail "--${name}: '$${value}' is no address prefix; write three numbers, as in 10.9.0" ;;
*.*.*) ;;
*) fail "--${name}: '$${value}' is no address prefix; write three numbers, as in 10.9.0" ;;
esac`;
    case undefined:
      throw new TypeError(`The option ${name} has nothing to check.`);
  }

  function matching(wrong: string, what: string): string {
    return `case $${value} in ${wrong}) fail "--${name}: '$${value}' ${what}" ;; esac`;
  }
}

// Where a path is expected, one that begins with a hyphen can say that it is one.
function asPath(value: string): string {
  return `case $${value} in -*) ${value}=./$${value} ;; esac`;
}

/** A line that checks that what a value names is there, for when the plan is carried out; empty when there is nothing to check. */
export function checkThere({ name, accepts }: Option): string {
  const value = variable(name);
  if (accepts === "directory") {
    return `[ ! "$${value}" ] || [ -d "$${value}" ] || fail "--${name}: there is no directory $${value}"`;
  }
  if (accepts === "directories") {
    return `there ${name} "$${value}"`;
  }
  return "";
}
