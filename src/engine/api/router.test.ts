import { expect, test } from "vitest";
import { notFound } from "./error";
import { filters, flag, json, router } from "./router";

const handle = router({
  "GET /containers/:id/json": ({ params }) => json(params),
  "GET /images/:name*/json": ({ params }) => json(params),
  "POST /body": async (call) => json(await call.json()),
  "GET /missing": () => {
    throw notFound("No such thing: this");
  },
});

async function ask(method: string, path: string, body?: string) {
  const answer = await handle(new Request(`http://docker${path}`, { method, body }));
  if (!(answer instanceof Response)) throw new Error("no upgrade was asked for");
  return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) as unknown };
}

test("a path finds its operation, with or without a version", async () => {
  expect((await ask("GET", "/containers/a%20b/json")).body).toEqual({ id: "a b" });
  expect((await ask("GET", "/v1.44/containers/a/json")).body).toEqual({ id: "a" });
  expect((await ask("GET", "/v1.24/images/library/busybox/json")).body).toEqual({ name: "library/busybox" });
});

test("versions that are not spoken are refused in Docker's words", async () => {
  expect((await ask("GET", "/v1.99/containers/a/json")).body).toEqual({
    message: "client version 1.99 is too new. Maximum supported API version is 1.44",
  });
  expect((await ask("GET", "/v1.10/containers/a/json")).status).toBe(400);
});

test("errors are JSON with their status; every answer names the engine", async () => {
  expect(await ask("GET", "/missing")).toMatchObject({ status: 404, body: { message: "No such thing: this" } });
  expect(await ask("GET", "/nowhere")).toMatchObject({ status: 404, body: { message: "page not found" } });
  expect((await ask("DELETE", "/missing")).status).toBe(405);
  const { headers } = await ask("GET", "/missing");
  expect([headers.get("api-version"), headers.get("ostype")]).toEqual(["1.44", "linux"]);
});

test("a body is a JSON object, or the request is refused", async () => {
  expect((await ask("POST", "/body", '{"a":1}')).body).toEqual({ a: 1 });
  expect((await ask("POST", "/body", "")).body).toEqual({});
  for (const text of ["[1]", "nonsense", "7"]) expect((await ask("POST", "/body", text)).status).toBe(400);
});

test("flags and filters of a query, in both forms that clients send", () => {
  const query = (text: string) => new URLSearchParams(text);
  expect([flag(query("a=1"), "a"), flag(query("a=true"), "a"), flag(query("a=0"), "a"), flag(query(""), "a")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(filters(query('filters={"name":["a","b"]}')).get("name")).toEqual(["a", "b"]);
  expect(filters(query('filters={"name":{"a":true}}')).get("name")).toEqual(["a"]);
  expect(() => filters(query("filters=nonsense"))).toThrow("invalid filter");
});
