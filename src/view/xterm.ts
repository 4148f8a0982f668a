/** Everything of xterm.js that a terminal needs from its first byte, in one chunk of its own. */
import { FitAddon } from "@xterm/addon-fit";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { terminalTheme } from "./terminal-theme";

export interface TerminalOptions {
  fontSizePx: number;
  dark: boolean;
  screenReader: boolean;
}

export interface Screen {
  terminal: Terminal;
  /** Fills the box it is in with rows and columns; does nothing while the box is not shown. */
  fit(): void;
}

/** Draws a terminal in `box`. */
export function openTerminal(box: HTMLElement, { fontSizePx, dark, screenReader }: TerminalOptions): Screen {
  const terminal = new Terminal({
    // Needed by the addon for the width of emoji and combined characters.
    allowProposedApi: true,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
    fontSize: fontSizePx,
    lineHeight: 1.15,
    theme: terminalTheme(dark),
    screenReaderMode: screenReader,
    minimumContrastRatio: 4.5,
    scrollback: 5000,
    cursorBlink: false,
    macOptionIsMeta: true,
    rescaleOverlappingGlyphs: true,
    // The guest may print any address; none of them is a link of this page.
    linkHandler: { activate: () => {}, allowNonHttpProtocols: false },
    windowOptions: {},
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(new UnicodeGraphemesAddon());
  terminal.open(box);
  return {
    terminal,
    fit: () => {
      if (box.clientWidth > 0 && box.clientHeight > 0) fit.fit();
    },
  };
}
