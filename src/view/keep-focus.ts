/** What the keyboard can be on, the stop of a tree or a toolbar before what else there is. */
const STOPS = [
  '[role="treeitem"][tabindex="0"], [role="gridcell"][tabindex="0"]',
  'button:not(:disabled):not([tabindex="-1"]), select, [tabindex="0"]',
];

const nameOf = (element: Element) =>
  element.getAttribute("aria-label") || element.textContent || element.getAttribute("title");

/** The element itself, or where it was taken away the one that stands for the same: of its kind, with its name. */
export function standIn(element: HTMLElement): HTMLElement | undefined {
  if (element.isConnected) return element;
  if (!nameOf(element)) return undefined;
  return [...document.querySelectorAll<HTMLElement>(element.localName)].find(
    (one) =>
      nameOf(one) === nameOf(element) && one.role === element.role && one.checkVisibility({ visibilityProperty: true }),
  );
}

/**
 * Keeps the keyboard near: when what has the focus is taken from the page, what stands for it gets it, else the next thing
 * around where it stood. For the element around; returns what undoes it.
 */
export function keepFocus(around: HTMLElement): () => void {
  /** The focused element and all that it stands in, innermost first. */
  let trail: HTMLElement[] = [];

  const onfocusin = ({ target }: FocusEvent) => {
    trail = [];
    for (let at = target as HTMLElement | null; at && at !== around.parentElement; at = at.parentElement)
      trail.push(at);
  };
  // Somebody who leaves by themselves is not held back; some browsers say the same of an element that they take away.
  const onfocusout = ({ target }: FocusEvent) =>
    queueMicrotask(() => {
      if (target === trail.at(0) && trail[0].isConnected && document.activeElement !== target) trail = [];
    });

  const observer = new MutationObserver(() => {
    if (trail.length === 0 || trail[0].isConnected || document.activeElement !== document.body) return;
    const again = standIn(trail[0]);
    if (again) return again.focus();
    for (const place of trail) {
      if (!place.isConnected) continue;
      for (const stops of STOPS) {
        const stop = [...place.querySelectorAll<HTMLElement>(stops)].find((one) =>
          one.checkVisibility({ visibilityProperty: true }),
        );
        if (stop) return stop.focus();
      }
    }
  });
  around.addEventListener("focusin", onfocusin);
  around.addEventListener("focusout", onfocusout);
  observer.observe(around, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    around.removeEventListener("focusin", onfocusin);
    around.removeEventListener("focusout", onfocusout);
  };
}
