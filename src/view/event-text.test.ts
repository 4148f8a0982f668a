import { expect, test } from "vitest";
import { eventText } from "./event-text";

const changed = (before: string, after: string) =>
  eventText({
    type: "mount-changed",
    mount: { address: 1, id: 3, namespace: 2, path: "/", fsType: "tmpfs" },
    before,
    after,
  }).detail;

test("of a mount that changed only what differs is said", () => {
  expect(changed("rw,relatime rw,size=1m shared:1", "rw,relatime rw,size=1m")).toBe("shared:1 → nothing");
  expect(changed("rw,relatime rw", "ro,relatime rw shared:5")).toBe("rw → ro,shared:5");
});
