import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Docker's own command line, if this machine has it: the witness that our own is compared with. */
export const DOCKER = ["/usr/local/bin/docker", "/usr/bin/docker"].find(
  (path) => existsSync(path) && spawnSync(path, ["--version"]).status === 0,
);

/** The version that wordings and tables were compared with. */
export const DOCKER_MAJOR = DOCKER
  ? Number(/version (\d+)/.exec(String(spawnSync(DOCKER, ["--version"]).stdout))?.[1] ?? 0)
  : 0;

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the real docker against an engine at `port`, with an empty home and UTC. */
export const runDocker = (
  port: number,
  argv: string[],
  options: { stdin?: string; env?: Record<string, string>; cwd?: string; home: string },
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    if (!DOCKER) throw new Error("there is no docker on this machine");
    const child = spawn(DOCKER, argv, {
      cwd: options.cwd,
      env: {
        HOME: options.home,
        PATH: "/bin:/usr/bin",
        TZ: "UTC",
        DOCKER_HOST: `tcp://127.0.0.1:${port}`,
        DOCKER_BUILDKIT: "0",
        ...options.env,
      },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
    child.on("error", reject);
    child.on("close", (status) =>
      resolve({ status: status ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
