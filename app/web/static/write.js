/* Writing: inserting templates and earlier answers. Everything here also works without it. */
"use strict";

// Infoga puts a text where the cursor is in the answer's box, or last when nobody has been there.
// What stands there stays, marked or not; it is saved as if it were typed, and nothing is sent.
const boxesSeen = new WeakSet();

document.addEventListener("focusin", (event) => {
  if (event.target.id === "svar") boxesSeen.add(event.target);
});

const spaced = (before, text, after) => {
  const addressed = /^@[^\n]*$/.test(before.trim()) && before.trim().split(/\s+/).length <= 3;
  const first = before.trim() === "" || /\s$/.test(before) ? "" : addressed ? " " : "\n\n";
  return first + text + (after === "" || /^\s/.test(after) ? "" : "\n\n");
};

const insertIn = (box, text) => {
  const at = boxesSeen.has(box) ? box.selectionEnd : box.value.length;
  const whole = spaced(box.value.slice(0, at), text, box.value.slice(at));
  box.focus();
  box.setSelectionRange(at, at);
  // this way the browser's own undo takes it back; where it is refused it is put in by hand
  if (document.execCommand && document.execCommand("insertText", false, whole)) return;
  box.setRangeText(whole, at, at, "end");
  box.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
};

// Tells the server that a template has been used; when that fails nothing else does.
const countInsertion = (button) => {
  const field = button.form.querySelector("[name=csrf_token]");
  fetch(button.formAction, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: field.value }),
    headers: { "X-Inserted": "1" },
    keepalive: true,
  }).catch(() => {});
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const box = button && document.getElementById("svar");
  if (!box || box.readOnly || box.disabled) return;
  event.preventDefault();
  insertIn(box, button.dataset.insert);
  if ("count" in button.dataset) countInsertion(button);
  const part = button.closest("details");
  if (part) part.open = false;
});

// Enter in the field that finds templates looks for them; it presses none of the composer's buttons.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.id === "mallsok") event.preventDefault();
});

// The browser's spelling follows the language that the answer is said to be in.
document.addEventListener("change", (event) => {
  const box = document.getElementById(event.target.dataset.writes || "");
  if (box) box.lang = event.target.value;
});
