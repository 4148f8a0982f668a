/** What concerns the whole engine: version, info, events. */
import { API_VERSION, MIN_API_VERSION, type EventMessage } from "../../protocol/docker";
import { formatInstant } from "../context";
import type { Parts } from "../parts";
import { filters, json, type Call, type Routes } from "./router";

export const ENGINE_VERSION = "0.1.0";

export function routes(parts: Parts): Routes {
  const { context, containers, images, about } = parts;
  const ping = () =>
    new Response("OK", {
      headers: {
        "content-type": "text/plain; charset=utf-8",
        "content-length": "2",
        "builder-version": "1",
        "cache-control": "no-cache, no-store, must-revalidate",
        pragma: "no-cache",
      },
    });
  return {
    "GET /_ping": ping,
    "GET /version": () =>
      json({
        Platform: { Name: "Glassbox" },
        Components: [
          {
            Name: "Engine",
            Version: ENGINE_VERSION,
            Details: {
              ApiVersion: API_VERSION,
              Arch: "386",
              KernelVersion: about().kernel,
              MinAPIVersion: MIN_API_VERSION,
              Os: "linux",
            },
          },
        ],
        Version: ENGINE_VERSION,
        ApiVersion: API_VERSION,
        MinAPIVersion: MIN_API_VERSION,
        GitCommit: "",
        GoVersion: "",
        Os: "linux",
        Arch: "386",
        KernelVersion: about().kernel,
        BuildTime: "",
      }),
    "GET /info": () => {
      const all = containers.all();
      const count = (status: string) => all.filter(({ record }) => record.state.Status === status).length;
      return json({
        ID: "glassbox",
        Containers: all.length,
        ContainersRunning: count("running"),
        ContainersPaused: count("paused"),
        ContainersStopped: all.length - count("running") - count("paused"),
        Images: images.all().length,
        Driver: "overlay2",
        DriverStatus: [
          ["Backing Filesystem", "tmpfs"],
          ["Supports d_type", "true"],
        ],
        Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: ["json-file"] },
        MemoryLimit: true,
        SwapLimit: false,
        CpuCfsPeriod: true,
        CpuCfsQuota: true,
        CPUShares: true,
        CPUSet: false,
        PidsLimit: true,
        IPv4Forwarding: true,
        OomKillDisable: false,
        Debug: false,
        NEventsListener: 0,
        LoggingDriver: "json-file",
        CgroupDriver: "cgroupfs",
        CgroupVersion: "2",
        SystemTime: formatInstant(context.nowNs()),
        KernelVersion: about().kernel,
        OperatingSystem: "Glassbox",
        OSVersion: "",
        OSType: "linux",
        Architecture: "i686",
        IndexServerAddress: "",
        RegistryConfig: {
          AllowNondistributableArtifactsCIDRs: null,
          InsecureRegistryCIDRs: [],
          IndexConfigs: {},
          Mirrors: null,
        },
        NCPU: 1,
        MemTotal: about().memoryBytes,
        DockerRootDir: "/var/lib/box",
        HttpProxy: "",
        HttpsProxy: "",
        NoProxy: "",
        Name: "glassbox",
        Labels: [],
        ExperimentalBuild: false,
        ServerVersion: ENGINE_VERSION,
        Runtimes: { boxd: { path: "/usr/libexec/boxd" } },
        DefaultRuntime: "boxd",
        Swarm: {
          NodeID: "",
          NodeAddr: "",
          LocalNodeState: "inactive",
          ControlAvailable: false,
          Error: "",
          RemoteManagers: null,
        },
        LiveRestoreEnabled: true,
        Isolation: "",
        InitBinary: "",
        SecurityOptions: [
          "name=seccomp,profile=builtin",
          ...(parts.usernsRemap ? ["name=userns"] : []),
          "name=cgroupns",
        ],
        Warnings: null,
      });
    },
    "GET /events": (call) => events(parts, call),
  };
}

function events({ context }: Parts, call: Call): Response {
  const by = filters(call.query);
  const since = Number(call.query.get("since") ?? NaN);
  const until = Number(call.query.get("until") ?? NaN);
  const wanted = (event: EventMessage) =>
    [...by].every(([name, values]) =>
      values.some((value) => {
        const { Type, Action, Actor } = event;
        switch (name) {
          case "type":
            return Type === value;
          case "event":
            return Action === value || Action.startsWith(`${value}:`);
          case "label": {
            const [key, text] = value.split("=", 2);
            return text === undefined ? key in Actor.Attributes : Actor.Attributes[key] === text;
          }
          case "image":
            return Type === "image"
              ? Actor.ID === value || Actor.Attributes.name === value
              : Actor.Attributes.image === value;
          default:
            return Type === name && (Actor.ID.startsWith(value) || Actor.Attributes.name === value);
        }
      }),
    );
  const encoder = new TextEncoder();
  let stop = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: EventMessage) => {
        const { Actor, Action } = event;
        // The three names that the API had before there was an actor.
        const old = event.Type === "container" ? { status: Action, id: Actor.ID, from: Actor.Attributes.image } : {};
        if (wanted(event)) controller.enqueue(encoder.encode(`${JSON.stringify({ ...old, ...event })}\n`));
      };
      const close = () => {
        stop();
        try {
          controller.close();
        } catch {
          // Closed already.
        }
      };
      if (!Number.isNaN(since))
        for (const event of context.events.kept())
          if (event.timeNano >= since * 1e9 && !(event.timeNano > until * 1e9)) send(event);
      const leftMs = until * 1000 - Number(context.nowNs() / 1_000_000n);
      if (leftMs <= 0) return close();
      const unlisten = context.events.listen(send);
      const timer = Number.isNaN(leftMs) ? undefined : setTimeout(close, leftMs);
      stop = () => {
        unlisten();
        clearTimeout(timer);
      };
      call.signal.addEventListener("abort", close);
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}
