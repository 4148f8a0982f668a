import type { Page } from "@playwright/test";

/** What moves, fades or changes colour little by little from now on; what only gets an outline stands still. */
export async function watchMotion(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(async () => {
    // What began before motion was to be reduced may end.
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
    const seen = new Set<string>();
    const look = () => {
      for (const animation of document.getAnimations()) {
        const { effect } = animation;
        if (!(effect instanceof KeyframeEffect) || !effect.getComputedTiming().duration) continue;
        const still = ["offset", "computedOffset", "easing", "composite"];
        const moved = effect
          .getKeyframes()
          .flatMap((frame) => Object.keys(frame).filter((key) => !still.includes(key)));
        const name = moved.filter((property) => !property.startsWith("outline"));
        if (name.length > 0) seen.add(`${[...new Set(name)].join(", ")} of ${effect.target?.outerHTML.slice(0, 120)}`);
      }
      frame = requestAnimationFrame(look);
    };
    let frame = requestAnimationFrame(look);
    Object.assign(globalThis, {
      endMotionWatch() {
        cancelAnimationFrame(frame);
        return [...seen];
      },
    });
  });
  return () => page.evaluate(() => endMotionWatch());
}

declare function endMotionWatch(): string[];
