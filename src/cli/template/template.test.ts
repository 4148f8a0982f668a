/** What has no counterpart in docker.test.ts: bounds, hostile templates, and Go's finer rules. */
import { describe, expect, test } from "vitest";
import { compileTemplate } from "./execute";
import { sprintf } from "./functions";
import { TemplateError } from "./lexer";
import { row } from "./value";

const data = {
  Name: "web",
  Count: 3,
  Zero: 0,
  Ratio: 0.5,
  On: true,
  List: ["b", "a"],
  Empty: [],
  Map: { z: 1, a: { deep: "x" } },
  Nothing: null,
  Labels: null,
  Env: null,
};

const shown = (template: string, value: unknown = data): string => compileTemplate(template)(value);

test.each([
  ["plain", "plain"],
  ["{{.Name}}", "web"],
  ["{{ .Map.a.deep }}", "x"],
  ["{{.List}} {{.Map}} {{.Nothing}} {{.Labels}} {{.Env}}", "[b a] map[a:map[deep:x] z:1] <nil> map[] []"],
  ["a {{- .Name -}} b", "awebb"],
  ["{{/* nothing */}}x{{- /* nothing */ -}} y", "xy"],
  ["{{range .List}}{{.}},{{else}}none{{end}}", "b,a,"],
  ["{{range .Empty}}{{.}}{{else}}none{{end}}", "none"],
  ["{{range $k, $v := .Map}}{{$k}} {{end}}", "a z "],
  ["{{range 3}}{{.}}{{end}}", "012"],
  ["{{range .List}}{{if eq . `a`}}{{break}}{{end}}{{.}}{{end}}", "b"],
  ["{{range .List}}{{if eq . `b`}}{{continue}}{{end}}{{.}}{{end}}", "a"],
  ["{{with .Map.a}}{{.deep}}{{end}}{{with .Zero}}x{{else}}y{{end}}", "xy"],
  ["{{if .Empty}}x{{else if .Zero}}y{{else}}z{{end}}", "z"],
  ["{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$y}}{{end}}{{$x}}", "32"],
  ["{{range $x := .List}}{{$x}}{{$.Name}}{{end}}", "bwebaweb"],
  ["{{.Name | printf `%s-%s` `a` | upper}}", "A-WEB"],
  ["{{(index .List 0) | printf `%q`}}", '"b"'],
  ["{{index .Map `a` `deep`}}{{index .Map `none`}}", "x"],
  ["{{and .On .Zero .Nothing.x}} {{or .Zero .Name}}", "0 web"],
  ["{{eq .Count 1 2 3}} {{lt 1 2}} {{ge `b` `a`}}", "true true true"],
  ["{{json .Map}} {{json .Name}} {{json `<`}}", '{"z":1,"a":{"deep":"x"}} "web" "<"'],
  ['{{"a\\tb\\u00e9"}}{{`a\\tb`}}', "a\tbéa\\tb"],
  ["{{.Ratio}} {{1e3}} {{0x10}} {{'a'}}", "0.5 1000 16 97"],
  ["{{len .Name}}{{len .List}}{{len .Labels}}", "320"],
  ["{{slice .Name 1}}{{slice .Name 0 1}}", "ebw"],
  ["{{title `a b`}} {{pad `x` 1 2}}| {{pad `` 1 2}}| {{truncate `abc` 2}}", "A B  x  | | ab"],
  ["{{print 1 2 `a` 3}} {{println `a` 1}}", "1 2a3 a 1\n"],
])("%s", (template, text) => {
  expect(shown(template)).toBe(text);
});

describe("mistakes", () => {
  test.each([
    ["{{.Name", "template: :1: unclosed action"],
    ["{{if .On}}", "template: :1: unexpected EOF"],
    ["\n{{end}}", "template: :2: unexpected {{end}}"],
    ["{{nonsense .Name}}", 'template: :1: function "nonsense" not defined'],
    ["{{$x}}", 'template: :1: undefined variable "$x"'],
    ["{{if true}}{{$x := 1}}{{end}}{{$x}}", 'template: :1: undefined variable "$x"'],
    ['{{"open}}', "template: :1: unterminated quoted string"],
    ["{{(.Name}}", "template: :1: unclosed left paren"],
    ["{{}}", "template: :1: missing value for command"],
    ["{{.Name.Foo}}", `template: :1:7: executing "" at <.Name.Foo>: can't evaluate field Foo in type string`],
    ["{{.None}}", 'template: :1:2: executing "" at <.None>: map has no entry for key "None"'],
    ["{{index .List 7}}", 'template: :1:2: executing "" at <index>: error calling index: index out of range: 7'],
    ["{{template `x`}}", "template: :1: {{template}} is not understood by this client"],
  ])("%s", (template, message) => {
    expect(() => shown(template)).toThrow(new TemplateError(message));
  });

  test("a row's type is named as Docker names it", () => {
    expect(() => shown("{{.Foo}}", row("*formatter.ContainerContext", {}))).toThrow(
      "can't evaluate field Foo in type *formatter.ContainerContext",
    );
  });
});

describe("bounds", () => {
  test("names that every object has are no fields", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"])
      expect(() => shown(`{{.${name}}}`), name).toThrow(TemplateError);
  });

  test("loops within loops end", () => {
    expect(() => shown("{{range 999999}}{{range 999999}}{{end}}{{end}}")).toThrow("turns of its loops");
  });

  test("output has an end", () => {
    expect(() => shown("{{range 9999}}{{pad `x` 9999 9999}}{{end}}")).toThrow("the output is longer");
  });

  test("nesting has an end", () => {
    const deep = 10_000;
    expect(() => shown("{{if true}}".repeat(deep) + "{{end}}".repeat(deep))).toThrow(TemplateError);
    expect(() => shown(`{{${"(".repeat(deep)}1${")".repeat(deep)}}}`)).toThrow(TemplateError);
  });

  test("what prints itself within itself is cut", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(shown("{{.}}", loop)).toContain("…");
  });
});

test("printf", () => {
  expect(sprintf("%5.1f|%-4d|%04d|%x|%X|%c|%t|%v|%%|%+d", [1.26, 7, 42, 255, "é", 65, true, [1, "a"], 3])).toBe(
    "  1.3|7   |0042|ff|C3A9|A|true|[1 a]|%|+3",
  );
  expect(sprintf("%d %s", ["x"])).toBe("%!d(string=x) %!s(MISSING)");
  expect(sprintf("x", [1])).toBe("x%!(EXTRA int=1)");
});
