/* What the pages do beyond links and forms. Everything here also works without it. */
"use strict";

document.documentElement.classList.add("js");

// Choosing an order shows it at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});

// Ctrl+Enter presses the button of the mode that is chosen.
document.addEventListener("keydown", (event) => {
  const composer = event.target.closest && event.target.closest(".composer");
  if (!composer || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const mode = composer.querySelector("[name=lagel]:checked").value;
  const act = { svar: "publicera", privat: "privat", anteckning: "anteckna", vidare: "vidare" }[mode];
  const button = composer.querySelector(`[name=gor][value=${act}]`);
  if (button) { event.preventDefault(); button.click(); }
});

// An answer is pressed once: a double click sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 3000);
});

// Single keys: never inside a field, never together with another key, and not at all where
// data-keys="av" on <html> says so.
const isPlainKey = (event) =>
  !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented)
  && document.documentElement.dataset.keys !== "av"
  && !event.target.closest("input, textarea, select, [contenteditable]");

// J and K walk the list.
document.addEventListener("keydown", (event) => {
  if (!isPlainKey(event)) return;
  const rows = [...document.querySelectorAll(".rw")];
  if (!rows.length || !["j", "k"].includes(event.key)) return;
  const here = rows.findIndex((row) => row === document.activeElement || row.hasAttribute("aria-current"));
  const next = rows[Math.min(Math.max(here + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
  next.focus();
});

// 1, 2 and 3 press the departments suggested, M goes to the others; once, however long it is held.
// Nobody routes unseen: on a narrow screen, where they lie folded away, the key first shows them.
document.addEventListener("keydown", (event) => {
  const key = event.key.toUpperCase();
  if (!isPlainKey(event) || event.repeat || !["1", "2", "3", "M"].includes(key)) return;
  const wanted = document.querySelector(`.ctx [aria-keyshortcuts="${key}"]`);
  if (!wanted) return;
  event.preventDefault();
  const folded = wanted.offsetParent === null;
  if (folded) wanted.closest("[popover]").showPopover();
  if (key === "M") wanted.focus();
  else if (!folded) wanted.click();
});

// The seconds that are left to take an answer back; said once by the page, only shown here.
setInterval(() => {
  for (const at of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(at.dataset.until) - Date.now()) / 1000);
    if (left > 0 && left < 120) at.textContent = document.documentElement.lang === "en" ? `in ${left} s` : `om ${left} s`;
  }
}, 500);

// A page that nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  const how = event.target.getAttribute("hx-trigger") || "";
  if (document.hidden && how.startsWith("every")) event.preventDefault();
});

// / goes to the search field; where single keys are switched off, it does not. On a Swedish keyboard
// it is typed with Shift.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.documentElement.dataset.keys === "av") return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const fields = [...document.querySelectorAll("input[type=search][aria-keyshortcuts]")];
  const field = fields.filter((one) => one.offsetParent !== null).pop();
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
