import type { Page } from "@playwright/test";

/** What is too wide for the page, or cut off where nobody can scroll to it; nothing when all is well. */
export function misfits(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // What is on its way to its place may be anywhere.
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
    const found: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
    const pressed = '.stage :is(button, select, input, [role="treeitem"], [role="gridcell"], h2, h3)';
    for (const element of document.querySelectorAll<HTMLElement>(pressed)) {
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      const { left, right } = element.getBoundingClientRect();
      if (right - left < 2) continue;
      for (let around = element.parentElement; around; around = around.parentElement) {
        const { overflowX } = getComputedStyle(around);
        if (overflowX === "auto" || overflowX === "scroll") break;
        const box = around.getBoundingClientRect();
        // A list as wide as its names is clipped by nothing but its scroller.
        const clips = overflowX !== "visible" || around === document.documentElement;
        if (clips && (right > box.right + 1 || left < box.left - 1)) {
          found.push(`cut off by ${around.className}: ${element.outerHTML.slice(0, 160)}`);
          break;
        }
      }
    }
    return found;
  });
}
