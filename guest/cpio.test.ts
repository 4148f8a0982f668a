import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { archive, directory, file, symlink } from "./cpio";

const TREE = [file("etc/init.d/rcS", "#!/bin/sh\n", 0o755), directory("root", 0o700), symlink("bin/sh", "busybox")];

test("the same entries give the same bytes", () => {
  expect(archive(TREE)).toEqual(archive([...TREE].reverse()));
});

test("missing parent directories are put in", () => {
  const names = new TextDecoder("latin1").decode(archive(TREE));
  for (const parent of ["etc\0", "etc/init.d\0", "bin\0"]) expect(names).toContain(parent);
});

test("two entries of one path are refused", () => {
  expect(() => archive([file("a", "1"), file("a", "2")])).toThrow('"a"');
});

test.each(["/etc/passwd", "a/../../b"])("the path %s is refused", (path) => {
  expect(() => archive([file(path, "")])).toThrow("relative");
});

test.skipIf(spawnSync("cpio", ["--version"]).error)("cpio unpacks what was packed", () => {
  const folder = mkdtempSync(join(tmpdir(), "cpio-"));
  try {
    execFileSync("cpio", ["-idm", "--quiet"], { cwd: folder, input: archive(TREE) });
    expect(readFileSync(join(folder, "etc/init.d/rcS"), "utf8")).toBe("#!/bin/sh\n");
    expect(statSync(join(folder, "etc/init.d/rcS")).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, "root")).mode & 0o777).toBe(0o700);
    expect(readlinkSync(join(folder, "bin/sh"))).toBe("busybox");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
