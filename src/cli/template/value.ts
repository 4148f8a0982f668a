/** Whatever a template may hold: JSON, `undefined` for what a map has not, and functions, which are methods. */
export type Value = unknown;

export const isMap = (value: Value): value is Record<string, Value> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ROW = Symbol("row");

/** A row of a table: fields, and methods as functions. `type` is Go's name of it, for messages. */
export const row = (type: string, fields: Record<string, Value>): Record<string, Value> =>
  Object.defineProperty(fields, ROW, { value: type, enumerable: false });

export const isRow = (value: Value): value is Record<string, Value> => isMap(value) && ROW in value;

export const rowType = (value: Value): string => (isMap(value) ? String((value as Record<symbol, unknown>)[ROW]) : "");

/** Go's truth: nothing empty is true. */
export const truth = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
};

/** Fields of the API's types that are maps or lists, which Go prints as empty where JSON says null. */
const MAPS = new Set(
  "Labels Options Ports PortBindings ExposedPorts Volumes Networks Sysctls Tmpfs StorageOpt Annotations DriverOpts Containers Runtimes Status EndpointsConfig Attributes".split(
    " ",
  ),
);
const LISTS = new Set(
  (
    "Cmd Entrypoint Env Args OnBuild Shell Binds Mounts CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links " +
    "SecurityOpt Devices DeviceCgroupRules DeviceRequests Ulimits VolumesFrom MaskedPaths ReadonlyPaths ExecIDs Aliases DNSNames " +
    "RepoTags RepoDigests Layers Config Warnings SecondaryIPAddresses SecondaryIPv6Addresses SecurityOptions Test Log Tags " +
    "BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps Processes"
  ).split(" "),
);

/** What a null under this name is in Go. */
export const nullOf = (name: string): Value => (MAPS.has(name) ? {} : LISTS.has(name) ? [] : null);

const MAX_PRINT_DEPTH = 64;

/** As Go's `%v` prints it; a map by its keys in order. Structs cannot be told from maps in JSON and print as maps. */
export const print = (value: Value, depth = 0): string => {
  if (depth > MAX_PRINT_DEPTH) return "…";
  if (value === undefined) return depth === 0 ? "<no value>" : "<nil>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map((each) => print(each, depth + 1)).join(" ")}]`;
  if (isMap(value))
    return `map[${Object.keys(value)
      .filter((key) => typeof value[key] !== "function")
      .sort()
      .map((key) => `${key}:${print(value[key], depth + 1)}`)
      .join(" ")}]`;
  if (typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)) return floatText(value);
  return String(value);
};

/** Go's `%v` of a float64: an exponent only below -4 and from 21 on. */
const floatText = (value: number): string =>
  String(value).replace(/e([-+])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);
