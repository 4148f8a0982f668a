import { expect, test } from "vitest";
import { ConsoleInput } from "./console";
import type { Emulator } from "./emulator";

test("input goes over once and in order, though receiving it makes the emulator ask for more", async () => {
  const input = new ConsoleInput(3);
  const received: number[] = [];
  // What an idle v86 does: an interrupt ends its idling at once, and the slice that follows drains the consoles.
  const emulator = {
    canReceive: () => true,
    receive: (_port: number, bytes: Uint8Array) => {
      received.push(...bytes);
      input.drain(emulator);
    },
  } as unknown as Emulator;

  const long = Uint8Array.from({ length: 10000 }, (_, index) => index);
  const taken = Promise.all([input.push(Uint8Array.of(1)), input.push(Uint8Array.of(2)), input.push(long)]);
  input.drain(emulator);

  await taken;
  expect(received).toEqual([1, 2, ...long]);
  expect(input.waitingBytes).toBe(0);
});
