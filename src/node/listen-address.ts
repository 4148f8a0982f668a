import { UsageError } from "./command";

/**
 * What `--listen` was given: `ADDR`, `ADDR:PORT`, `PORT` alone for loopback, with `tcp://` or without.
 * @throws UsageError for what is no address
 */
export function listenAddress(text: string, defaultPort: number): { host: string; port: number } {
  const plain = text.replace(/^(tcp|http):\/\//, "");
  const match = /^(?:(\[[\da-f:]+\]|[^:/[\]]*[^:/[\]\d][^:/[\]]*|(?:\d+\.)+\d+))?(?::?(\d{1,5}))?$/i.exec(plain);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (!match || plain === "" || port > 65535)
    throw new UsageError(`--listen takes an address such as 127.0.0.1:${defaultPort}`);
  return { host: match[1]?.replace(/^\[|\]$/g, "") ?? "127.0.0.1", port };
}
