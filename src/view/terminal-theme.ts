import type { ITheme } from "@xterm/xterm";

/** The tokens of `tokens.css` again, as numbers: xterm.js takes no custom properties. */
const light: ITheme = {
  background: "#fbfbf9",
  foreground: "#1b1f24",
  cursor: "#0b5fae",
  cursorAccent: "#fbfbf9",
  selectionBackground: "#0b5fae40",
  selectionInactiveBackground: "#565e6733",
  black: "#1b1f24",
  red: "#b3261e",
  green: "#0a6b3d",
  yellow: "#8a5300",
  blue: "#0b5fae",
  magenta: "#963c70",
  cyan: "#00697a",
  white: "#565e67",
  brightBlack: "#565e67",
  brightRed: "#c2342b",
  brightGreen: "#0d7a48",
  brightYellow: "#946200",
  brightBlue: "#1f78a8",
  brightMagenta: "#a94a82",
  brightCyan: "#007a8c",
  brightWhite: "#1b1f24",
};

const dark: ITheme = {
  background: "#0f1318",
  foreground: "#e8eaed",
  cursor: "#6cb6ff",
  cursorAccent: "#0f1318",
  selectionBackground: "#6cb6ff4d",
  selectionInactiveBackground: "#a3abb433",
  black: "#2a3038",
  red: "#ff8a80",
  green: "#4cc38a",
  yellow: "#f0b429",
  blue: "#6cb6ff",
  magenta: "#dda0c0",
  cyan: "#5fd0d9",
  white: "#e8eaed",
  brightBlack: "#a3abb4",
  brightRed: "#ffb0a8",
  brightGreen: "#7fdcae",
  brightYellow: "#ffd479",
  brightBlue: "#9ccfff",
  brightMagenta: "#edc4da",
  brightCyan: "#94e3e9",
  brightWhite: "#ffffff",
};

export const terminalTheme = (isDark: boolean): ITheme => (isDark ? dark : light);
