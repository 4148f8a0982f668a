import { expect, test } from "vitest";
import { ENUMS, STRUCTS, SYMBOLS } from "../../src/kernel/fields";
import { makeLayout, readKernelTypes, renderLayout } from "./main";
import { readFileSync } from "node:fs";
import { resolveLayout } from "./resolve";

const kernel = await readKernelTypes();
const nothing = { structs: {}, symbols: [], enums: [] };

test("everything that src/kernel names is in the committed kernel", () => {
  const layout = resolveLayout({ structs: STRUCTS, symbols: SYMBOLS, enums: ENUMS }, kernel);
  expect(Object.keys(layout.structs)).toEqual(Object.keys(STRUCTS));
  expect(Object.keys(layout.symbols)).toEqual([...SYMBOLS]);
});

test("the committed layout.json is up to date (npm run layout)", async () => {
  const committed = readFileSync(new URL("../../images/machine/layout.json", import.meta.url), "utf8");
  expect(committed).toBe(renderLayout(await makeLayout()));
});

test("every missing name is in the message, each with where it was looked for", () => {
  const wanted = {
    structs: { list_head: ["next", "nowhere"], no_such_struct: [""] },
    symbols: ["init_task", "no_such_symbol"],
    enums: ["NO_SUCH_ENUMERATOR"],
  };
  const attempt = () => resolveLayout(wanted, kernel);
  expect(attempt).toThrow("struct list_head has no nowhere.");
  expect(attempt).toThrow("struct no_such_struct is not in the kernel's types");
  expect(attempt).toThrow("no_such_symbol is not in System.map");
  expect(attempt).toThrow("NO_SUCH_ENUMERATOR is not an enumerator");
});

test("of structures that share a name the one with all the fields is taken", () => {
  // drivers/char/virtio_console.c and net/bridge both have a struct port or the like; only one has a console.
  const layout = resolveLayout({ ...nothing, structs: { port: ["cons.hvc"] } }, kernel);
  expect(layout.structs.port.fields["cons.hvc"].type).toBe("struct hvc_struct *");
});

test("an empty path asks for the size alone", () => {
  const { structs } = resolveLayout({ ...nothing, structs: { upid: [""] } }, kernel);
  expect(structs.upid).toEqual({ sizeBytes: 8, fields: {} });
});
