// Runs in the page before its own scripts, as it is: no compiler may add helpers that the page does not have.

const PATIENCE_MS = 10_000;

/** Enter in the first terminal until a `sleep` has been drawn, in ms. */
window.enterToFrame = () =>
  new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the new process was not drawn")), PATIENCE_MS);
    const startedAt = performance.now();
    const observer = new MutationObserver(() => {
      if (!document.querySelector("[role=treeitem][aria-label*=', sleep,']")) return;
      observer.disconnect();
      // The first callback comes before the frame with the change is drawn, the second after.
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - startedAt)));
    });
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
    const textarea = document.querySelector(".xterm-helper-textarea");
    textarea.dispatchEvent(new InputEvent("input", { data: "\r", inputType: "insertText", bubbles: true }));
  });

/** Long tasks are those over 50 ms (Long Tasks API); 0 when there was none. */
window.watchFrames = (forMs) =>
  new Promise((resolve) => {
    let frames = 0;
    let longestMs = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
    });
    observer.observe({ type: "longtask" });
    const startedAt = performance.now();
    const frame = () => {
      frames++;
      const tookMs = performance.now() - startedAt;
      if (tookMs < forMs) requestAnimationFrame(frame);
      else {
        observer.disconnect();
        resolve({ framesPerSecond: (1000 * frames) / tookMs, longestMs });
      }
    };
    requestAnimationFrame(frame);
  });

/**
 * Enter in the first terminal ("enter"), or a click on what the selector names, until the frame in which the verdict says `shown`;
 * without `shown`, until the lesson is played again and the terminal asks for a command. In ms.
 */
window.pressToFrame = (what, shown) =>
  new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`nothing came of ${what}`)), PATIENCE_MS);
    let left = shown !== "";
    const done = () => {
      if (shown) return document.querySelector(".verdict").textContent.includes(shown);
      const playing = document.querySelector(".strip.plain") || document.querySelector(".strip.pass");
      if (!playing) left = true;
      return left && playing && /#[\s\u00a0]*$/.test(document.querySelector(".xterm-rows").textContent);
    };
    const startedAt = performance.now();
    const look = () => {
      if (done()) requestAnimationFrame(() => resolve(performance.now() - startedAt));
      else requestAnimationFrame(look);
    };
    if (what === "enter") {
      const textarea = document.querySelector(".xterm-helper-textarea");
      textarea.dispatchEvent(new InputEvent("input", { data: "\r", inputType: "insertText", bubbles: true }));
    } else document.querySelector(what).click();
    look();
  });
