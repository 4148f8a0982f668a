/** The agent's promises, kept by the committed binary on this host's own kernel: quick, and with its tools at hand. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectNative, whyNotNative } from "./native";
import { agentSpec } from "./spec";

const why = whyNotNative();

describe.skipIf(why)(`the agent on this host${why ? ` (skipped: ${why})` : ""}`, () => {
  agentSpec(connectNative, { bulkBytes: 64 << 20, fuzzRounds: 300 });

  test("refuses what concerns a machine it does not have to itself", async () => {
    const { agent, close } = await connectNative();
    await expect(agent.setClock(Date.now())).rejects.toMatchObject({ code: "refused" });
    await expect(agent.killAll()).rejects.toMatchObject({ code: "refused" });
    await close();
  });

  test("serves a Unix socket to a program that knows nothing of it", async () => {
    const { agent, close } = await connectNative();
    const path = join(tmpdir(), `agent-native-${process.pid}`);
    await agent.listen({ path }, (stream) => void stream.readable.pipeTo(stream.writable));
    const client = createConnection(path);
    client.end("there and back");
    const [echo] = await once(client, "data");
    expect(String(echo)).toBe("there and back");
    await once(client, "close");
    await close();
    expect(existsSync(path)).toBe(false);
  });

  test("ends with its wire, and takes its commands along", async () => {
    const { agent, close, exited } = await connectNative();
    const command = agent.run({ script: "sleep 1000 & echo $$ $!; wait" });
    const { value } = await command.stdout.getReader().read();
    const pids = new TextDecoder().decode(value).trim().split(" ");
    await close();
    expect(await exited).toBe(0);
    while (pids.some((pid) => existsSync(`/proc/${pid}/exe`))) await new Promise((resolve) => setImmediate(resolve));
  });
});
