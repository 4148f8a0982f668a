/** Further processes in running containers (`docker exec`). */
import type { ExecCreateRequest } from "../../protocol/docker";
import { ApiError, badParameter, conflict, notFound } from "../api/error";
import { PlanError, type Exit } from "../boxd";
import type { Context } from "../context";
import { EACCES, ENOENT } from "../errno";
import type { Duplex } from "../http/connection";
import { randomId } from "../identity";
import { Shim } from "../shim";
import type { Container } from "./container";
import { execPlan } from "./plan";
import { capabilities } from "./resolve";
import { security } from "./security";
import { attach } from "./streams";
import { lookUpUser, UserError } from "./user";

export interface Exec {
  id: string;
  container: Container;
  config: ExecCreateRequest;
  running: boolean;
  started: boolean;
  /** null until it has ended. */
  exitCode: number | null;
  pid: number;
  directory: string;
}

export interface ExecStart {
  detach: boolean;
  tty: boolean;
  size?: { cols: number; rows: number };
}

export class Execs {
  #context: Context;
  #all = new Map<string, Exec>();
  #ends = new Map<string, () => void>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** @throws ApiError 404 */
  find(id: string): Exec {
    const exec = this.#all.get(id);
    if (!exec) throw notFound(`No such exec instance: ${id}`);
    return exec;
  }

  of(container: Container): Exec[] {
    return [...this.#all.values()].filter((exec) => exec.container === container);
  }

  create(container: Container, config: ExecCreateRequest): Exec {
    if (!config.Cmd?.length) throw badParameter("No exec command specified");
    if (!container.running) throw conflict(`container ${container.id} is not running`);
    if (container.record.state.Paused)
      throw conflict(`Container ${container.record.name} is paused, unpause the container before exec`);
    const id = randomId(this.#context.random);
    const directory = `${container.paths.run}/${id.slice(0, 16)}`;
    const exec: Exec = { id, container, config, running: false, started: false, exitCode: null, pid: 0, directory };
    this.#all.set(id, exec);
    this.#emit(exec, `exec_create: ${config.Cmd.join(" ")}`);
    return exec;
  }

  #emit({ id, container: { record } }: Exec, action: string, more: Record<string, string> = {}) {
    const attributes = {
      execID: id,
      image: record.config.Image ?? "",
      name: record.name,
      ...record.config.Labels,
      ...more,
    };
    this.#context.events.emit("container", action, record.id, attributes);
  }

  /** Starts it; the function it resolves with carries the streams of a client until it has ended. */
  async start(exec: Exec, options: ExecStart): Promise<(client: Duplex) => Promise<void>> {
    const { boxd, guest } = this.#context;
    const { config, container } = exec;
    if (exec.started) throw conflict(`Error: Exec command ${exec.id} is already running`);
    if (!container.running) throw conflict(`container ${container.id} is not running`);
    exec.started = true;
    const tty = config.Tty ?? options.tty;
    const size =
      options.size ?? (config.ConsoleSize ? { rows: config.ConsoleSize[0], cols: config.ConsoleSize[1] } : undefined);
    try {
      const plan = execPlan(await this.#spec(exec), container.record.state.Pid);
      await boxd.take([{ kind: "mkdir", path: exec.directory, why: "Where its shim can be reached." }]);
      exec.pid = await boxd.start({
        plan,
        directory: exec.directory,
        tty: tty ? (size ?? { cols: 0, rows: 0 }) : undefined,
        stdin: config.AttachStdin && !options.detach,
        stdinOnce: true,
        hold: !options.detach,
      });
    } catch (error) {
      exec.exitCode = error instanceof PlanError && error.errno === EACCES ? 126 : 127;
      throw execFailure(error, config.Cmd?.[0] ?? "");
    }
    exec.running = true;
    this.#emit(exec, `exec_start: ${config.Cmd?.join(" ")}`);
    return (client) =>
      attach(new Shim(guest, exec.directory), client, {
        stdin: config.AttachStdin ?? false,
        stdout: config.AttachStdout ?? false,
        stderr: config.AttachStderr ?? false,
        tty,
        logs: false,
        stream: true,
        closeInput: true,
      }).then(() => this.#ended(exec));
  }

  /** Clients ask for the exit code as soon as the stream ends. */
  #ended(exec: Exec): Promise<void> {
    return exec.running ? new Promise((resolve) => this.#ends.set(exec.id, resolve)) : Promise.resolve();
  }

  async #spec({ config, container }: Exec) {
    const { record, paths } = container;
    const { boxd } = this.#context;
    // The container's own root, also where it mounted something since.
    const root = `/proc/${record.state.Pid}/root`;
    const read = async (path: string) => (await boxd.readText(root + path, { root }).catch(() => undefined)) ?? "";
    const wanted = config.User || record.config.User || "";
    const named = wanted !== "" && wanted !== "0" && wanted !== "root";
    const user = lookUpUser(
      wanted,
      named ? await read("/etc/passwd") : ROOT_PASSWD,
      named ? await read("/etc/group") : "",
    );
    const env = record.config.Env ?? [];
    const given = config.Env ?? [];
    const names = new Set([...env, ...given].map((variable) => variable.split("=", 1)[0]));
    const usual = [
      `PATH=${DEFAULT_PATH}`,
      `HOSTNAME=${record.config.Hostname}`,
      ...(config.Tty ? ["TERM=xterm"] : []),
      `HOME=${user.home}`,
    ];
    return {
      args: config.Cmd ?? [],
      env: [...usual.filter((variable) => !names.has(variable.split("=", 1)[0])), ...env, ...given],
      cwd: config.WorkingDir || record.config.WorkingDir || "/",
      user,
      capabilities: capabilities(config.Privileged ? { Privileged: true } : record.hostConfig),
      noNewPrivileges: security(record.hostConfig).noNewPrivileges,
      seccompFilter: security(record.hostConfig).seccomp ? paths.seccompFilter : undefined,
      cgroup: paths.cgroup,
      userns: record.idMap && { path: paths.userns, uid: record.idMap.uids.outside },
    };
  }

  /** boxd tells that a task has ended; true when it was one of these. */
  exited(exit: Exit): boolean {
    const exec = [...this.#all.values()].find(({ directory }) => directory === exit.directory);
    if (!exec) return false;
    exec.running = false;
    exec.exitCode = exit.exitCode;
    this.#emit(exec, "exec_die", { exitCode: String(exit.exitCode) });
    this.#ends.get(exec.id)?.();
    this.#ends.delete(exec.id);
    return true;
  }

  async resize(exec: Exec, cols: number, rows: number): Promise<void> {
    const shim = new Shim(this.#context.guest, exec.directory);
    await shim.opened;
    await shim.resize(cols, rows);
    shim.close();
  }

  /** One that has ended, and that nobody asks for. */
  forgetOne(exec: Exec) {
    this.#all.delete(exec.id);
  }

  /** What ran in a container that is no more. */
  forget(container: Container) {
    for (const exec of this.of(container)) this.#all.delete(exec.id);
  }
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ROOT_PASSWD = "root:x:0:0:root:/root:/bin/sh\n";

function execFailure(error: unknown, program: string): Error {
  if (error instanceof UserError) return badParameter(error.message);
  if (!(error instanceof PlanError) || !error.command.startsWith("setpriv ")) return error as Error;
  const quoted = JSON.stringify(program);
  const why =
    error.errno === ENOENT
      ? program.includes("/")
        ? `exec: ${quoted}: stat ${program}: no such file or directory`
        : `exec: ${quoted}: executable file not found in $PATH`
      : `exec: ${quoted}: permission denied`;
  return new ApiError(400, `OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`);
}
