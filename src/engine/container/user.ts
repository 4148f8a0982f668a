/** Who a container runs as: `user`, `uid`, `user:group`, looked up in its own /etc/passwd and /etc/group (runc `libcontainer/user`). */

export interface ContainerUser {
  uid: number;
  gid: number;
  groups: number[];
  home: string;
}

/** A user or group that the container's files do not name. */
export class UserError extends Error {
  override name = "UserError";
}

const MAX_ID = 2 ** 31 - 1;

/**
 * @param wanted as with `--user`; empty for root
 * @param passwd the container's /etc/passwd; empty when it has none
 * @param more groups by name or number, of `--group-add`
 * @throws UserError in Docker's words
 */
export function lookUpUser(wanted: string, passwd: string, group: string, more: readonly string[] = []): ContainerUser {
  const [userPart = "", groupPart] = wanted.split(":", 2);
  const users = rows(passwd);
  const groups = rows(group);
  const uidGiven = number(userPart);
  const entry =
    userPart === ""
      ? users.find(([, , uid]) => uid === "0")
      : (users.find(([name]) => name === userPart) ??
        users.find(([, , uid]) => uidGiven !== undefined && Number(uid) === uidGiven));
  if (userPart !== "" && !entry && uidGiven === undefined)
    throw new UserError(`unable to find user ${userPart}: no matching entries in passwd file`);
  const uid = entry ? Number(entry[2]) : (uidGiven ?? 0);
  const gid = groupPart ? groupId(groupPart, groups) : entry ? Number(entry[3]) : 0;
  // Without a group of its own choice a user is in all groups that name it.
  const named = !groupPart && entry ? groups.filter(([, , , members]) => members?.split(",").includes(entry[0])) : [];
  const ids = [...named.map(([, , id]) => Number(id)), ...more.map((name) => groupId(name, groups))];
  return { uid, gid, groups: [...new Set([gid, ...ids])], home: entry?.[5] || "/" };
}

function groupId(wanted: string, groups: string[][]): number {
  const entry = groups.find(([name]) => name === wanted);
  const id = entry ? Number(entry[2]) : number(wanted);
  if (id === undefined) throw new UserError(`unable to find group ${wanted}: no matching entries in group file`);
  return id;
}

function number(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
