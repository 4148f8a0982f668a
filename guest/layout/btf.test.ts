import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decompress } from "fzstd";
import { readBtf } from "./btf";
import { readPahole } from "./pahole";

const images = new URL("../../images/machine/", import.meta.url);
const bytes = decompress(readFileSync(new URL("vmlinux.btf.zst", images)));
const btf = readBtf(bytes);
const only = (name: string) => {
  const structs = btf.structs(name);
  expect(structs).toHaveLength(1);
  return structs[0];
};

describe("the committed kernel's types", () => {
  test("a list head is two pointers", () => {
    const head = only("list_head");
    expect(head.sizeBytes).toBe(8);
    expect(head.field("next")).toEqual({ offset: 0, sizeBytes: 4, type: "struct list_head *" });
    expect(head.field("prev")).toEqual({ offset: 4, sizeBytes: 4, type: "struct list_head *" });
  });

  test("the six names of uname are 65 bytes each, as uname(2) says", () => {
    const names = ["sysname", "nodename", "release", "version", "machine", "domainname"];
    const fields = names.map((name) => only("new_utsname").field(name));
    expect(fields.map((field) => field!.offset)).toEqual([0, 65, 130, 195, 260, 325]);
    expect(fields[1]!.type).toBe("char[65]");
  });

  test("a path leads through embedded and anonymous members", () => {
    const name = only("uts_namespace").field("name")!;
    expect(only("uts_namespace").field("name.nodename")!.offset).toBe(name.offset + 65);
    // d_lru lies in an anonymous union of struct dentry, d_alias in a named one.
    expect(only("dentry").field("d_lru")).toEqual({
      ...only("dentry").field("d_wait"),
      sizeBytes: 8,
      type: "struct list_head",
    });
    expect(only("dentry").field("d_u.d_alias")!.offset).toBe(only("dentry").field("d_u")!.offset);
  });

  test("a bit field has its position in bits", () => {
    const field = only("task_struct").field("in_execve")!;
    expect(field.bitSize).toBe(1);
    expect(field.bitOffset).toBeLessThan(8);
    const next = only("task_struct").field("in_iowait")!;
    expect(next.offset * 8 + next.bitOffset!).toBe(field.offset * 8 + field.bitOffset! + 1);
  });

  test("a flexible array holds no bytes of its structure", () => {
    const pid = only("pid");
    expect(pid.field("numbers")!.sizeBytes).toBeLessThanOrEqual(only("upid").sizeBytes);
    expect(pid.field("numbers")!.type).toMatch(/^struct upid\[\d\]$/);
  });

  test("types read as in C", () => {
    expect(only("task_struct").field("comm")!.type).toBe("char[16]");
    expect(only("task_struct").field("real_cred")!.type).toBe("const struct cred *");
    expect(only("mm_struct").field("pgd")!.type).toBe("pgd_t *");
    expect(only("file_operations").field("read")!.type).toBe("(function) *");
  });

  test("an enumerator has its value", () => {
    expect(btf.enumerator("PIDTYPE_PID")).toBe(0);
    expect(btf.enumerator("PIDTYPE_MAX")).toBe(4);
  });

  test("what is not there is not found", () => {
    expect(btf.structs("no_such_struct")).toEqual([]);
    expect(only("list_head").field("no_such_field")).toBeUndefined();
    expect(only("list_head").field("next.next")).toBeUndefined();
    expect(btf.enumerator("NO_SUCH_ENUMERATOR")).toBeUndefined();
  });
});

test("pahole, reading the debug information, says the same of every member", () => {
  const witness = readPahole(readFileSync(new URL("pahole.txt", images), "utf8"));
  expect(Object.keys(witness).length).toBeGreaterThan(10);
  for (const [name, { sizeBytes, members }] of Object.entries(witness)) {
    const struct = only(name);
    expect([name, struct.sizeBytes]).toEqual([name, sizeBytes]);
    for (const member of members) {
      const field = struct.field(member.name);
      expect([name, member.name, field?.offset]).toEqual([name, member.name, member.offset]);
      expect([name, member.name, field?.sizeBytes]).toEqual([name, member.name, member.sizeBytes]);
    }
  }
});

describe("damaged files", () => {
  test("without the magic number", () => {
    expect(() => readBtf(new Uint8Array(64))).toThrow("not a BTF file");
  });

  test("cut short", () => {
    expect(() => readBtf(bytes.subarray(0, bytes.length / 2))).toThrow("cut short");
  });

  test("with an unknown kind", () => {
    const damaged = bytes.slice();
    damaged[24 + 4 + 3] = 31; // kind of the first type
    expect(() => readBtf(damaged)).toThrow("kind 31");
  });
});
