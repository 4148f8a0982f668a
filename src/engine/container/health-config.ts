/** What was asked for as a health check, and what a probe's answer makes of a container (moby `daemon/health.go`). */
import type { Health, HealthConfig, HealthcheckResult, HealthStatus } from "../../protocol/docker";
import { badParameter } from "../api/error";

export const NS_PER_MS = 1e6;
const DEFAULT_INTERVAL_NS = 30e9;
export const DEFAULT_TIMEOUT_NS = 30e9;
const DEFAULT_START_INTERVAL_NS = 5e9;
const DEFAULT_RETRIES = 3;
const LOG_ENTRIES = 5;

/** The program of a probe; undefined when the container has none. */
export function probeCommand(
  config: HealthConfig | undefined,
  shell: readonly string[] | null | undefined,
): string[] | undefined {
  const [kind, ...words] = config?.Test ?? [];
  if (kind === "CMD" && words.length > 0) return words;
  if (kind === "CMD-SHELL" && words.length > 0) return [...(shell?.length ? shell : ["/bin/sh", "-c"]), words[0]];
  return undefined;
}

/** What was asked for, and for what was not, the image's wish (moby `runconfig`, `Merge`). */
export function mergeHealth(own: HealthConfig | undefined, from: HealthConfig | undefined): HealthConfig | undefined {
  if (!own || !from) return own ?? from;
  return {
    Test: own.Test?.length ? own.Test : from.Test,
    Interval: own.Interval || from.Interval,
    Timeout: own.Timeout || from.Timeout,
    StartPeriod: own.StartPeriod || from.StartPeriod,
    StartInterval: own.StartInterval || from.StartInterval,
    Retries: own.Retries || from.Retries,
  };
}

/** @throws ApiError 400 for what cannot be meant (moby `validateHealthCheck`) */
export function checkHealth(config: HealthConfig | undefined) {
  for (const name of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const ns = config?.[name] ?? 0;
    if (ns !== 0 && ns < NS_PER_MS) throw badParameter(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((config?.Retries ?? 0) < 0) throw badParameter("Retries in Healthcheck cannot be negative");
}

/**
 * What a probe's answer makes of the container. A failure counts for nothing while the container starts.
 * @param sinceStartNs from the container's start to the probe's
 */
export function afterProbe(
  health: Health,
  result: HealthcheckResult,
  config: HealthConfig,
  sinceStartNs: number,
): Health {
  const Log = [...(health.Log ?? []), result].slice(-LOG_ENTRIES);
  if (result.ExitCode === 0) return { Status: "healthy", FailingStreak: 0, Log };
  if (health.Status === "starting" && sinceStartNs < (config.StartPeriod ?? 0)) return { ...health, Log };
  const FailingStreak = health.FailingStreak + 1;
  const isOut = FailingStreak >= (config.Retries || DEFAULT_RETRIES);
  return { Status: isOut ? "unhealthy" : health.Status, FailingStreak, Log };
}

/** Nanoseconds to the next probe: shorter ones while the container starts. */
export function nextProbeNs(config: HealthConfig, status: HealthStatus, sinceStartNs: number): number {
  const isStarting = status === "starting" && sinceStartNs < (config.StartPeriod ?? 0);
  return isStarting ? config.StartInterval || DEFAULT_START_INTERVAL_NS : config.Interval || DEFAULT_INTERVAL_NS;
}
