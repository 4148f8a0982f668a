import { request as ask, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Server } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { socketStreams } from "../../node/socket-streams";
import { serveConnection, type Handler } from "./connection";
import { HEAD_MAX_BYTES } from "./head";

/** Says what it was asked; Node's own client and a bare socket are the witnesses. */
const echo: Handler = async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/raw")
    return {
      hijack: {
        contentType: "application/vnd.docker.raw-stream",
        serve: ({ readable, writable }) => readable.pipeTo(writable),
      },
    };
  if (pathname === "/nothing") return new Response(null, { status: 204 });
  if (pathname === "/ignored") return new Response("not read");
  return new Response(`${request.method} ${pathname} ${await request.text()}`);
};

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => void serveConnection(socketStreams(socket), echo));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close());

/** What comes back for these bytes, until the connection is closed. */
function send(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(text));
    let answer = "";
    socket.on("data", (bytes) => (answer += bytes.toString("latin1")));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

function client(
  method: string,
  path: string,
  body?: string | string[],
): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const request = ask({ port, method, path, host: "127.0.0.1" }, (response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => (text += bytes.toString()));
      response.on("end", () => resolve({ response, text }));
    });
    request.on("error", reject);
    // More than one write makes Node's client send chunks.
    for (const part of [body ?? []].flat()) request.write(part);
    request.end();
  });
}

describe("a connection", () => {
  test("answers a body of known length, one in chunks, and none", async () => {
    expect((await client("GET", "/a")).text).toBe("GET /a ");
    expect((await client("POST", "/a", "body")).text).toBe("POST /a body");
    expect((await client("POST", "/a", ["in ", "chunks"])).text).toBe("POST /a in chunks");
    expect((await client("GET", "/nothing")).response.statusCode).toBe(204);
  });

  test("goes on after each request, also when its body was not read", async () => {
    const answer = await send(
      "POST /ignored HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /GET /second HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(answer).toContain("GET /second ");
  });

  test("becomes a raw stream when asked to upgrade, and also when not", async () => {
    const upgraded = await send("POST /raw HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nbytes");
    expect(upgraded).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/);
    expect(upgraded).toMatch(/\r\n\r\nbytes$/);
    expect(await send("POST /raw HTTP/1.1\r\n\r\nbytes")).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nbytes$/);
  });

  test.each([
    ["no request at all", "hello\r\n\r\n", 400],
    ["a field without a colon", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400],
    ["a length that is no number", "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400],
    ["a length and chunks", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["another coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501],
    ["a header without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(HEAD_MAX_BYTES)}`, 431],
    ["too many fields", `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(300)}\r\n`, 431],
    ["half a header", "GET / HTTP/1.1\r\nX: y", 400],
  ])("%s is refused with a reason, and the connection closed", async (_what, text, status) => {
    const answer = await send(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.split("\r\n\r\n")[1])).toEqual({ message: expect.any(String) as string });
  });
});
