/** Numbers as the page writes them: sizes in KiB and MiB, times in ms, s, min. */

export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  if (sizeBytes < 1024 * 1024) return `${(sizeBytes / 1024).toFixed(sizeBytes < 10240 ? 1 : 0)} KiB`;
  if (sizeBytes < 1024 ** 3) return `${(sizeBytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(sizeBytes / 1024 ** 3).toFixed(2)} GiB`;
}

/** `bytes` and `total` in the unit of the total, so that the digits do not jump: `3.1 of 6.0 MiB`. */
export function formatProgress(bytes: number, totalBytes: number): string {
  if (totalBytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} of ${(totalBytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} of ${(totalBytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** Kernel time since boot, `start_boottime`: `12.345 s`. */
export const formatBootTime = (timeNs: number) => `${(timeNs / 1e9).toFixed(3)} s after boot`;

/** How long ago, in the largest unit that fits. */
export function formatAge(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 1) return "less than a minute ago";
  if (minutes < 60) return minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours === 1 ? "an hour ago" : `${hours} hours ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** `1 task`, `14 tasks`, `2,048 tasks`. By hand: loading the browser's number formats holds up the first picture. */
export const formatCount = (count: number, one: string, many = `${one}s`) =>
  `${String(count).replace(/\B(?=(\d{3})+$)/g, ",")} ${count === 1 ? one : many}`;

/** A guest-virtual address as C prints it. */
export const formatAddress = (address: number) => `0x${address.toString(16).padStart(8, "0")}`;

/** A stretch of time, in the unit that keeps it short: `850 µs`, `12.3 ms`, `4.20 s`, `3 min 20 s`. */
export function formatDuration(timeUs: number): string {
  if (timeUs < 1000) return `${Math.round(timeUs)} µs`;
  if (timeUs < 1e6) return `${(timeUs / 1000).toFixed(timeUs < 1e5 && timeUs % 1000 ? 1 : 0)} ms`;
  if (timeUs < 60e6) return `${(timeUs / 1e6).toFixed(2)} s`;
  const seconds = Math.floor(timeUs / 1e6);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** A part of a whole, in per cent: `0.4 %`, `37 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** What a time namespace adds to a clock: `+86,400 s`, `−1.5 s`, `none`. */
export function formatOffset(offsetNs: number): string {
  if (offsetNs === 0) return "none";
  const [whole, fraction] = String(Math.abs(offsetNs) / 1e9).split(".");
  return `${offsetNs < 0 ? "−" : "+"}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${fraction ? `.${fraction}` : ""} s`;
}

/** Time since boot, short: `12.3 s`. */
export const formatSeconds = (timeNs: number) => `${(timeNs / 1e9).toFixed(1)} s`;
