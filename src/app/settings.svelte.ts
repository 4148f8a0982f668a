/** What a visitor set once and wants to find again. */

export type Theme = "auto" | "light" | "dark";

interface Stored {
  theme: Theme;
  fontSizePx: number;
  pauseWhenHidden: boolean;
  screenReader: boolean;
  lessonShare: number;
  stageShare: number;
  shownView: string;
}

const KEY = "glassbox.settings";
const DEFAULTS: Stored = {
  theme: "auto",
  fontSizePx: 14,
  pauseWhenHidden: true,
  screenReader: false,
  lessonShare: 30,
  stageShare: 64,
  shownView: "glass",
};
const FONT_SIZES_PX = { min: 9, max: 32 };
/** Bounds of the panes' shares, in percent. */
export const SHARES = { lesson: { min: 20, max: 50 }, stage: { min: 20, max: 80 } };

/** Settings are few bytes and wanted before the first paint, hence localStorage; without it they last for the visit. */
function read(): Stored {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof stored !== "object" || stored === null) return DEFAULTS;
    const { theme, fontSizePx, pauseWhenHidden, screenReader, lessonShare, stageShare, shownView } = {
      ...DEFAULTS,
      ...stored,
    };
    return {
      theme: ["auto", "light", "dark"].includes(theme) ? theme : DEFAULTS.theme,
      fontSizePx: clamp(fontSizePx, FONT_SIZES_PX, DEFAULTS.fontSizePx),
      pauseWhenHidden: pauseWhenHidden !== false,
      screenReader: screenReader === true,
      lessonShare: clamp(lessonShare, SHARES.lesson, DEFAULTS.lessonShare),
      stageShare: clamp(stageShare, SHARES.stage, DEFAULTS.stageShare),
      shownView: String(shownView),
    };
  } catch {
    return DEFAULTS;
  }
}

function clamp(value: number, { min, max }: { min: number; max: number }, otherwise: number): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : otherwise;
}

export class Settings {
  #stored = $state<Stored>(read());
  #systemDark = $state(matchMedia("(prefers-color-scheme: dark)").matches);

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
      this.#systemDark = event.matches;
    });
    this.#apply();
  }

  get theme() {
    return this.#stored.theme;
  }
  set theme(theme: Theme) {
    this.#change({ theme });
  }

  /** The theme as drawn. */
  get dark(): boolean {
    return this.theme === "auto" ? this.#systemDark : this.theme === "dark";
  }

  /** Size of terminal text. */
  get fontSizePx() {
    return this.#stored.fontSizePx;
  }
  set fontSizePx(px: number) {
    this.#change({ fontSizePx: clamp(px, FONT_SIZES_PX, DEFAULTS.fontSizePx) });
  }

  get pauseWhenHidden() {
    return this.#stored.pauseWhenHidden;
  }
  set pauseWhenHidden(pauseWhenHidden: boolean) {
    this.#change({ pauseWhenHidden });
  }

  /** Terminals keep a live region for screen readers. */
  get screenReader() {
    return this.#stored.screenReader;
  }
  set screenReader(screenReader: boolean) {
    this.#change({ screenReader });
  }

  /** Width of the lesson, in percent of the page. */
  get lessonShare() {
    return this.#stored.lessonShare;
  }
  set lessonShare(lessonShare: number) {
    this.#change({ lessonShare });
  }

  /** Height of the stage, in percent of the page. */
  get stageShare() {
    return this.#stored.stageShare;
  }
  set stageShare(stageShare: number) {
    this.#change({ stageShare });
  }

  /** Id of the view of the picture that fills the stage. */
  get shownView() {
    return this.#stored.shownView;
  }
  set shownView(shownView: string) {
    this.#change({ shownView });
  }

  #change(change: Partial<Stored>): void {
    Object.assign(this.#stored, change);
    this.#apply();
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#stored));
    } catch {
      // Denied storage: the setting lasts for the visit.
    }
  }

  #apply(): void {
    if (this.#stored.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.#stored.theme;
  }
}
