/** `docker` and `box` as they are typed in the guest. */
import { describe, expect, test } from "vitest";
import { ENGINE_VERSION } from "../../src/engine/api/system";
import { engineForTest } from "../support/engine";

const box = await engineForTest();
const { agent } = box.machine;
const decoder = new TextDecoder();

/** Runs a shell's text in the guest. */
async function shell(script: string, stdin?: string) {
  const result = await agent.execute({ script }, stdin === undefined ? undefined : new TextEncoder().encode(stdin));
  return {
    status: "exitCode" in result ? result.exitCode : 128 + result.signal,
    stdout: decoder.decode(result.stdout),
    stderr: decoder.decode(result.stderr),
  };
}

/** A shell's text on a terminal: `type` writes keys, `until` waits for output. */
function terminal(script: string, size = { cols: 80, rows: 24 }) {
  const process = agent.run({ argv: ["sh", "-c", script], pty: size });
  const writer = process.stdin.getWriter();
  const reader = process.stdout.getReader();
  let shown = "";
  return {
    process,
    type: (keys: string) => writer.write(new TextEncoder().encode(keys)),
    async until(pattern: RegExp) {
      while (!pattern.test(shown)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the terminal closed before ${pattern}: ${JSON.stringify(shown)}`);
        shown += decoder.decode(value);
      }
      const match = pattern.exec(shown)!;
      shown = shown.slice(match.index + match[0].length);
      return match;
    },
    async rest() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return shown;
        shown += decoder.decode(value);
      }
    },
  };
}

await box.pull("busybox");

describe("what is printed, and the exit status", () => {
  test("version names the engine", async () => {
    const { stdout, status } = await shell("docker version");
    expect(stdout).toContain(`Version:          ${ENGINE_VERSION}`);
    expect(status).toBe(0);
  });

  test("box is docker under another name, and messages say so", async () => {
    expect((await shell("box frobnicate")).stderr).toContain("box: unknown command: box frobnicate");
  });

  test.each([
    ["docker run --rm busybox true", 0],
    ["docker run --rm busybox sh -c 'exit 7'", 7],
    ["docker run --rm busybox no-such-program", 127],
    ["docker run --rm busybox /etc", 126],
    ["docker run --rm no-such-image", 125],
    ["docker ps --no-such-option", 125],
  ])("%s exits with %i", async (command, wanted) => {
    expect((await shell(command)).status).toBe(wanted);
  });

  test("an image of one file runs, too", async () => {
    const { stdout } = await shell("docker run --rm hello");
    expect(stdout).toContain("Hello");
  });

  test("one that could not start was never anything but created", async () => {
    await shell("docker run --name stillborn busybox no-such-program");
    const { stdout } = await shell("docker ps -a --format '{{.Names}} {{.Status}}'; docker rm stillborn");
    expect(stdout).toBe("stillborn Created\nstillborn\n");
  });

  test("stdout and stderr stay apart", async () => {
    const { stdout, stderr } = await shell("docker run --rm busybox sh -c 'echo out; echo err >&2'");
    expect({ stdout, stderr }).toEqual({ stdout: "out\n", stderr: "err\n" });
  });

  test("a lot of output arrives whole", async () => {
    const { stdout } = await shell("docker run --rm busybox seq 1 50000 | md5sum; seq 1 50000 | md5sum");
    const [through, plain] = stdout.trim().split("\n");
    expect(through).toBe(plain);
  });

  test("who reads no further ends it, as any program", async () => {
    expect((await shell("docker run --rm --name endless busybox yes | head -n 2")).stdout).toBe("y\ny\n");
    // As with Docker, the container outlives its client.
    expect((await shell("docker rm -f endless")).stdout).toBe("endless\n");
  });
});

test("standard input reaches the container to its end", async () => {
  expect((await shell("docker run --rm -i busybox wc -c", "twelve bytes")).stdout.trim()).toBe("12");
});

test("what nobody reads stays for the next command", async () => {
  const { stdout } = await shell("docker ps -q >/dev/null; cat", "left alone\n");
  expect(stdout).toBe("left alone\n");
});

test("environment, directory and files are those of who types", async () => {
  const { stdout } = await shell(
    "cd /tmp; echo COLOR=blue >vars; export SHAPE=round; docker run --rm --env-file vars -e SHAPE busybox env",
  );
  expect(stdout).toContain("COLOR=blue\n");
  expect(stdout).toContain("SHAPE=round\n");
});

test("a file that is not there is named as it was typed", async () => {
  const { stderr } = await shell("docker load -i /tmp/none.tar");
  expect(stderr).toBe("open /tmp/none.tar: no such file or directory\n");
});

test("an image goes out to a file and comes back from it", async () => {
  const { stdout, stderr } = await shell(
    "docker save busybox -o /tmp/busybox.tar; docker load -i /tmp/busybox.tar; rm /tmp/busybox.tar",
  );
  expect(stderr).toBe("");
  expect(stdout).toContain("Loaded image: busybox:latest");
});

describe("on a terminal", () => {
  test("a shell in a container has its own prompt, its size follows, and the terminal is given back", async () => {
    const there = terminal("docker run -it --rm --name shell busybox sh; stty -a | grep -c -- ' icanon'", {
      cols: 91,
      rows: 33,
    });
    await there.until(/\/ # /);
    await there.type("stty size\r");
    await there.until(/33 91\r\n/);
    there.process.resize(70, 20);
    await there.type("while [ \"$(stty size)\" != '20 70' ]; do :; done; echo follows\r");
    await there.until(/\r\nfollows\r\n/);
    await there.type("exit\r");
    expect((await there.rest()).trim().split("\r\n").at(-1)).toBe("1");
  });

  test("Ctrl-C ends what runs in the foreground of a container", async () => {
    const there = terminal(
      "docker run -it --rm busybox sh -c 'trap \"echo caught; exit 3\" INT; echo ready; while :; do sleep 1; done'; echo status $?",
    );
    await there.until(/ready/);
    await there.type("\x03");
    await there.until(/caught\r\nstatus 3/);
  });

  test("without a terminal in the container, Ctrl-C is a signal to it", async () => {
    const there = terminal(
      "trap : INT; docker run --rm busybox sh -c 'trap \"echo caught; exit 4\" INT; echo ready; while :; do sleep 1; done'; echo status $?",
    );
    await there.until(/ready/);
    await there.type("\x03");
    await there.until(/caught\r\nstatus 4/);
  });

  test("the keys to detach leave the container running", async () => {
    const there = terminal("docker run -it --name left busybox sh; echo status $?");
    await there.until(/\/ # /);
    await there.type("\x10\x11");
    await there.until(/status 0/);
    expect((await shell("docker ps --format '{{.Names}}'")).stdout).toBe("left\n");
    await shell("docker rm -f left");
  });

  test("exec -it gets a terminal of its own beside the first process", async () => {
    await shell("docker run -d --name beside busybox sleep 1000");
    const there = terminal("docker exec -it beside sh");
    await there.until(/\/ # /);
    await there.type("tty; ps | grep -c '[s]leep'\r");
    await there.until(/\/dev\/pts\/0\r\n1\r\n/);
    await there.type("exit\r");
    await there.rest();
    await shell("docker rm -f beside");
  });

  test("logs -f ends by Ctrl-C", async () => {
    await shell("docker run -d --name talks busybox sh -c 'echo one; sleep 1000'");
    const there = terminal("trap : INT; docker logs -f talks; echo status $?");
    await there.until(/one\r\n/);
    await there.type("\x03");
    await there.until(/status 130/);
    await shell("docker rm -f talks");
  });
});

test("killed, it takes nothing with it; without an engine it says so", async () => {
  await shell("docker run -d --name stays busybox sleep 1000");
  const there = terminal("docker logs -f stays & sleep 0; kill -9 $!; wait; echo gone");
  await there.until(/gone/);
  expect((await shell("docker ps --format '{{.Names}}'")).stdout).toBe("stays\n");
  await shell("docker rm -f stays");
  box.engine.close();
  const { stderr, status } = await shell("docker ps");
  expect(stderr).toContain("Cannot connect to the Docker daemon");
  expect(status).toBe(1);
});
