import { expect, test } from "vitest";
import { TerminalFeed, UNSEEN_LIMIT_BYTES, type TerminalScreen } from "./terminal-feed";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A screen that draws when told to. */
function slowScreen() {
  const pending: (() => void)[] = [];
  let text = "";
  const screen: TerminalScreen = {
    write: (chunk, drawn) => {
      text += new TextDecoder().decode(chunk);
      pending.push(drawn);
    },
    reset: () => (text = ""),
  };
  return { screen, draw: () => pending.splice(0).forEach((drawn) => drawn()), text: () => text };
}

test("output counts as drawn only when the screen says so", () => {
  let drawnBytes = 0;
  const feed = new TerminalFeed((sizeBytes) => (drawnBytes += sizeBytes));
  const { screen, draw } = slowScreen();
  feed.attach(screen);
  feed.push(bytes("hello"));
  expect(drawnBytes).toBe(0);
  draw();
  expect(drawnBytes).toBe(5);
});

test("output of an unopened terminal is acknowledged at once and shown when it opens, never twice acknowledged", () => {
  let drawnBytes = 0;
  const feed = new TerminalFeed((sizeBytes) => (drawnBytes += sizeBytes));
  feed.push(bytes("login: "));
  expect(drawnBytes).toBe(7);
  const { screen, draw, text } = slowScreen();
  feed.attach(screen);
  draw();
  expect(text()).toBe("login: ");
  expect(drawnBytes).toBe(7);
});

test("an unopened terminal keeps a bounded tail", () => {
  const feed = new TerminalFeed(() => {});
  const chunk = 64 * 1024;
  for (let i = 0; i < 100; i++) feed.push(bytes(String(i % 10).repeat(chunk)));
  const { screen, text } = slowScreen();
  feed.attach(screen);
  expect(text().length).toBeGreaterThanOrEqual(UNSEEN_LIMIT_BYTES);
  expect(text().length).toBeLessThan(UNSEEN_LIMIT_BYTES + chunk);
  expect(text().at(-1)).toBe("9");
});

test("a reset forgets what the former guest said", () => {
  const feed = new TerminalFeed(() => {});
  feed.push(bytes("old"));
  feed.reset();
  feed.push(bytes("new"));
  const { screen, text } = slowScreen();
  feed.attach(screen);
  expect(text()).toBe("new");
});
