/** A visitor without a mouse: after each key the focus is somewhere, and it can be seen where. */
import type { Locator, Page } from "@playwright/test";
import { expect } from "../browser/site";

/** Presses keys one after the other. */
export async function keys(page: Page, ...pressed: string[]): Promise<void> {
  for (const key of pressed) {
    await page.keyboard.press(key);
    await expect.poll(() => page.evaluate(trouble), { message: `after ${key}`, timeout: 5000 }).toBe("");
  }
}

/** Presses Tab, or Shift+Tab, until something has the focus. */
export async function tabTo(page: Page, wanted: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let stops = 0; stops < 60; stops++) {
    if ((await wanted.count()) === 1 && (await wanted.evaluate((element) => element === document.activeElement)))
      return;
    await keys(page, key);
  }
  await expect(wanted).toBeFocused();
}

/** Why one cannot see where the focus is; empty when one can. Runs in the page. */
function trouble(): string {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "the focus is lost";
  const name = focused.outerHTML.slice(0, 160);
  const marked = [focused, ...focused.querySelectorAll("*")].some((element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  });
  if (!focused.matches(":focus-visible") || !marked) return `nothing shows the focus at ${name}`;
  const { left, right, top, bottom } = focused.getBoundingClientRect();
  const seen = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  return seen ? "" : `the focus is out of sight at ${name}`;
}
