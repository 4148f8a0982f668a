import { expect, test } from "vitest";
import { UsageError } from "./command";
import { listenAddress } from "./listen-address";

test.each([
  ["5000", "127.0.0.1", 5000],
  [":5000", "127.0.0.1", 5000],
  ["127.0.0.2", "127.0.0.2", 77],
  ["tcp://127.0.0.1:0", "127.0.0.1", 0],
  ["localhost:80", "localhost", 80],
  ["[::1]:8", "::1", 8],
])("%s is %s and %i", (text, host, port) => {
  expect(listenAddress(text, 77)).toEqual({ host, port });
});

test.each(["", "127.0.0.1:99999", "a b:c", "127.0.0.1:", "/run/socket"])("%j is no address", (text) => {
  expect(() => listenAddress(text, 77)).toThrow(UsageError);
});
