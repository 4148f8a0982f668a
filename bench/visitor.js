// Runs in the page before its own scripts, as it is: no compiler may add helpers that the page does not have.
let asked = false;
const observer = new MutationObserver(() => {
  const text = document.querySelector(".xterm-rows")?.textContent ?? "";
  const textarea = document.querySelector(".xterm-helper-textarea");
  if (!asked && textarea && text.includes("#")) {
    asked = true;
    const data = 'echo "=$((6*7))="\r';
    textarea.dispatchEvent(new InputEvent("input", { data, inputType: "insertText", bubbles: true }));
  }
  if (asked && text.includes("=42=")) {
    window.answeredAt = performance.now();
    observer.disconnect();
  }
});
observer.observe(document, { childList: true, subtree: true, characterData: true });
