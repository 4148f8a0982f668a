/** `/exec/…` of the API. */
import type { ExecCreateRequest } from "../../protocol/docker";
import { MULTIPLEXED_STREAM, RAW_STREAM } from "../container/streams";
import type { Parts } from "../parts";
import { empty, json, type Routes } from "./router";

export function routes({ containers, execs }: Parts): Routes {
  return {
    "POST /containers/:id/exec": async (call) => {
      const exec = execs.create(containers.find(call.params.id), await call.json<ExecCreateRequest>());
      return json({ Id: exec.id }, 201);
    },
    "POST /exec/:id/start": async (call) => {
      const exec = execs.find(call.params.id);
      const asked = await call.json<{ Detach?: boolean; Tty?: boolean; ConsoleSize?: [number, number] | null }>();
      const size = asked.ConsoleSize ? { rows: asked.ConsoleSize[0], cols: asked.ConsoleSize[1] } : undefined;
      const serve = await execs.start(exec, { detach: asked.Detach ?? false, tty: asked.Tty ?? false, size });
      if (asked.Detach) return empty(200);
      return { hijack: { contentType: exec.config.Tty ? RAW_STREAM : MULTIPLEXED_STREAM, serve } };
    },
    "POST /exec/:id/resize": async (call) => {
      const exec = execs.find(call.params.id);
      await execs.resize(exec, Number(call.query.get("w")) || 0, Number(call.query.get("h")) || 0);
      return empty(200);
    },
    "GET /exec/:id/json": (call) => {
      const { id, container, config, running, exitCode, pid } = execs.find(call.params.id);
      const [entrypoint, ...args] = config.Cmd ?? [];
      return json({
        ID: id,
        Running: running,
        ExitCode: exitCode,
        ProcessConfig: {
          tty: config.Tty ?? false,
          entrypoint,
          arguments: args,
          privileged: config.Privileged ?? false,
          user: config.User ?? "",
        },
        OpenStdin: config.AttachStdin ?? false,
        OpenStderr: config.AttachStderr ?? false,
        OpenStdout: config.AttachStdout ?? false,
        CanRemove: !running && exitCode !== null,
        ContainerID: container.id,
        DetachKeys: config.DetachKeys ?? "",
        Pid: pid,
      });
    },
  };
}
