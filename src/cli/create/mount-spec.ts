import type { Mount, MountType } from "../../protocol/docker";
import { csvFields, parseBool } from "../option-kinds";
import { ramInBytes } from "../size";

const BOOLEANS = ["readonly", "ro", "volume-nocopy", "bind-nonrecursive"];

const boolean = (key: string, value: string): boolean => {
  try {
    return parseBool(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
};

/** Reads one `--mount`: `type=bind,source=/a,target=/b,readonly`. Throws an Error worded as Docker's. */
export const parseMount = (text: string): Mount => {
  const value = text.trim();
  if (value === "") throw new Error("EOF");
  const mount: Mount = { Type: "volume", Source: "", Target: "" };
  const bind: NonNullable<Mount["BindOptions"]> = {};
  const volume: NonNullable<Mount["VolumeOptions"]> = {};
  const tmpfs: NonNullable<Mount["TmpfsOptions"]> = {};
  const driver = (): { Name?: string; Options?: Record<string, string> } => (volume.DriverConfig ??= {});
  for (const field of csvFields(value)) {
    const at = field.indexOf("=");
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    let setting = at < 0 ? "" : field.slice(at + 1);
    if (at < 0) {
      if (!BOOLEANS.includes(key)) throw new Error(`invalid field '${field}' must be a key=value pair`);
      setting = "true";
    }
    switch (key) {
      case "type":
        mount.Type = setting.toLowerCase() as MountType;
        break;
      case "source":
      case "src":
        mount.Source = setting;
        break;
      case "target":
      case "dst":
      case "destination":
        mount.Target = setting;
        break;
      case "readonly":
      case "ro":
        mount.ReadOnly = boolean(key, setting);
        break;
      case "consistency":
        mount.Consistency = setting.toLowerCase();
        break;
      case "bind-propagation":
        bind.Propagation = setting.toLowerCase() as typeof bind.Propagation;
        break;
      case "bind-nonrecursive":
        bind.NonRecursive = boolean(key, setting);
        break;
      case "bind-recursive":
        if (setting === "disabled") bind.NonRecursive = true;
        else if (setting === "writable") bind.ReadOnlyNonRecursive = true;
        else if (setting === "readonly") bind.ReadOnlyForceRecursive = true;
        else if (setting !== "enabled")
          throw new Error(
            `invalid value for ${key}: ${setting} (must be "enabled", "disabled", "writable", or "readonly")`,
          );
        break;
      case "volume-subpath":
        volume.Subpath = setting;
        break;
      case "volume-nocopy":
        volume.NoCopy = boolean(key, setting);
        break;
      case "volume-label":
      case "volume-opt": {
        const equals = setting.indexOf("=");
        const entry = {
          [equals < 0 ? setting : setting.slice(0, equals)]: equals < 0 ? "" : setting.slice(equals + 1),
        };
        if (key === "volume-label") Object.assign((volume.Labels ??= {}), entry);
        else Object.assign((driver().Options ??= {}), entry);
        break;
      }
      case "volume-driver":
        driver().Name = setting;
        break;
      case "tmpfs-size":
        try {
          tmpfs.SizeBytes = ramInBytes(setting);
        } catch {
          throw new Error(`invalid value for ${key}: ${setting}`);
        }
        break;
      case "tmpfs-mode":
        if (!/^[0-7]+$/.test(setting)) throw new Error(`invalid value for ${key}: ${setting}`);
        tmpfs.Mode = Number.parseInt(setting, 8);
        break;
      default:
        throw new Error(`unexpected key '${key}' in '${field}'`);
    }
  }
  if (mount.Target === "") throw new Error("target is required");
  const given: [MountType, object][] = [
    ["bind", bind],
    ["volume", volume],
    ["tmpfs", tmpfs],
  ];
  for (const [type, options] of given)
    if (Object.keys(options).length > 0 && mount.Type !== type)
      throw new Error(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
  if (mount.Type === "bind" && mount.Source === "") mount.Source = undefined;
  if (mount.Source === "") delete mount.Source;
  if (Object.keys(bind).length > 0) mount.BindOptions = bind;
  if (Object.keys(volume).length > 0) mount.VolumeOptions = volume;
  if (Object.keys(tmpfs).length > 0) mount.TmpfsOptions = tmpfs;
  return mount;
};
