import type { ObjectRef } from "../protocol/evidence";
import type { IdRange, IpcObject, Namespace, NamespaceHolder, NamespaceKind } from "../protocol/namespace";
import type { KernelView } from "../protocol/view";
import { holds } from "./forest";
import { formatAddress, formatBytes, formatCount, formatOffset } from "./format";
import { hostNamespaces, KIND_MEANING, markKey, markLabel } from "./namespace-mark";
import { type FactRow, type ObjectDescription, rowsOf } from "./object-description";

/** Rows of one list; what is beyond is counted in a last one. */
const LIST_LIMIT = 40;

/** `0 to 65535 inside are 100000 to 165535 on the host`. */
export function formatIdRange({ first, hostFirst, count }: IdRange): string {
  if (count === 1) return `${first} inside is ${hostFirst} on the host`;
  return `${first} to ${first + count - 1} inside are ${hostFirst} to ${hostFirst + count - 1} on the host`;
}

export function formatHolder(view: KernelView, holder: NamespaceHolder): string {
  if (holder.by === "descriptor") return `descriptor ${holder.fd} of ${holder.pid}`;
  const mount = view.mounts.find(({ id }) => id === holder.mount);
  return `mount ${holder.mount}${mount ? ` at ${mount.path}` : ""}`;
}

/** What an IPC object holds, in its own unit. */
export function formatIpcSize({ kind, size, use }: IpcObject): string {
  if (kind === "shm") return `${formatBytes(size)}, ${formatCount(use ?? 0, "attachment")}`;
  if (kind === "sem") return formatCount(size, "semaphore");
  return `${formatCount(size, "message")}${use === undefined ? "" : `, ${formatBytes(use)}`}`;
}

function rowsOfNamespace(view: KernelView, namespace: Namespace): FactRow[] {
  const { kind, address } = namespace;
  const row = rowsOf({ object: "namespace", kind, address });
  const host = hostNamespaces(view.namespaces);
  const mono = { mono: true };
  const rows: FactRow[] = [row("inode", "inum", String(namespace.inum), mono)];
  const related = (label: "parent" | "owner", of: NamespaceKind, inum: number | undefined) => {
    if (!inum) return;
    rows.push(row(label, label, String(inum), { mark: { kind: of, inum, initial: host.get(of) === inum } }));
  };
  related("parent", kind, namespace.parent);
  related("owner", "user", namespace.owner);
  if (namespace.level !== undefined) rows.push(row("level", "level", String(namespace.level), mono));
  if (namespace.childReaper !== undefined) {
    rows.push(row("init", "childReaper", String(namespace.childReaper), mono));
  }
  if (namespace.uts) {
    rows.push(row("host name", "uts", namespace.uts.nodename, mono));
    rows.push(row("domain name", "uts", namespace.uts.domainname, mono));
  }
  const map = (label: string, fact: string, ranges: IdRange[] | undefined) => {
    if (!ranges) return;
    const shown = ranges.slice(0, LIST_LIMIT).map(formatIdRange);
    const more = ranges.length > LIST_LIMIT ? [`and ${ranges.length - LIST_LIMIT} more`] : [];
    rows.push(row(label, fact, ranges.length ? [...shown, ...more].join("; ") : "not written yet: every id is 65534"));
  };
  map("uid map", "uidMap", namespace.uidMap);
  map("gid map", "gidMap", namespace.gidMap);
  if (namespace.timeOffsets) {
    rows.push(row("monotonic", "timeOffsets", formatOffset(namespace.timeOffsets.monotonicNs), mono));
    rows.push(row("boottime", "timeOffsets", formatOffset(namespace.timeOffsets.boottimeNs), mono));
  }
  if (namespace.cgroupRoot !== undefined) rows.push(row("root", "cgroupRoot", namespace.cgroupRoot, mono));
  namespace.holders.slice(0, LIST_LIMIT).forEach((holder, index) => {
    rows.push({ label: `by ${index + 1}`, value: formatHolder(view, holder), group: "kept alive by" });
  });
  namespace.ipc?.slice(0, LIST_LIMIT).forEach((object) => {
    const name = object.name ?? `0x${object.key.toString(16).padStart(8, "0")}`;
    const owner = `owner ${object.uid}, mode ${(object.mode & 0o777).toString(8).padStart(3, "0")}`;
    rows.push({
      label: `${object.kind} ${object.name === undefined ? object.id : formatAddress(object.address)}`,
      value: `${name}: ${formatIpcSize(object)}, ${owner}`,
      group: "IPC objects",
    });
  });
  return rows;
}

export function describeNamespace(
  view: KernelView,
  { kind, address }: Extract<ObjectRef, { object: "namespace" }>,
): ObjectDescription | undefined {
  const namespace = view.namespaces.find((one) => one.kind === kind && one.address === address);
  if (!namespace) return undefined;
  const key = markKey(namespace);
  return {
    identity: key,
    number: markLabel(namespace),
    title: "",
    hue: `var(--${kind})`,
    meaning: `${kind} namespace${namespace.initial ? " of the host" : ""}: ${KIND_MEANING[kind]}.`,
    rows: rowsOfNamespace(view, namespace),
    members: view.tasks.filter((task) => holds(task, key)),
  };
}
