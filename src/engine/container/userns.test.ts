import { expect, test } from "vitest";
import { shell } from "../../plan/shell";
import { containerPaths } from "./paths";
import { DEFAULT_REMAP, idMapOf, idmappedLayers, usernsPlan } from "./userns";

const other = {
  uids: { inside: 0, outside: 500_000, count: 1000 },
  gids: { inside: 0, outside: 600_000, count: 1000 },
};

test("who is remapped: all when the engine says so, but for those that opt out; else those that opt in", () => {
  expect(idMapOf({}, undefined)).toBeUndefined();
  expect(idMapOf({}, other)).toBe(other);
  expect(idMapOf({ UsernsMode: "host" }, other)).toBeUndefined();
  expect(idMapOf({ UsernsMode: "private" }, undefined)).toBe(DEFAULT_REMAP);
  expect(idMapOf({ UsernsMode: "private" }, other)).toBe(other);
});

test("what does not go together is no matter for who is not remapped", () => {
  expect(idMapOf({ Privileged: true, NetworkMode: "host", PidMode: "host" }, undefined)).toBeUndefined();
  expect(idMapOf({ Privileged: true, UsernsMode: "host" }, other)).toBeUndefined();
});

test("its steps are commands of util-linux", () => {
  const paths = containerPaths("a".repeat(64));
  expect(shell(usernsPlan(other, paths))).toEqual([
    `touch ${paths.userns}`,
    "mkdir -p /run/netns",
    `touch /run/netns/${paths.netns}`,
    `unshare --user=${paths.userns} --net=/run/netns/${paths.netns} --mount --map-users=0:500000:1000 --map-groups=0:600000:1000 true`,
  ]);
  const { layers, mount, unmount } = idmappedLayers(["/l/top", "/l/bottom"], paths, paths.userns);
  expect(layers).toEqual([`${paths.lowers}/0`, `${paths.lowers}/1`]);
  expect(shell(mount).filter((line) => line.startsWith("mount"))).toEqual([
    `mount -o bind,X-mount.idmap=${paths.userns} /l/top ${paths.lowers}/0`,
    `mount -o bind,X-mount.idmap=${paths.userns} /l/bottom ${paths.lowers}/1`,
  ]);
  expect(shell(unmount)).toEqual([`umount -l ${paths.lowers}/0`, `umount -l ${paths.lowers}/1`]);
});
