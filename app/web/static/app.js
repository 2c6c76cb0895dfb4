/* What the pages do beyond links and forms. Everything here also works without it. */
"use strict";

document.documentElement.classList.add("js");

// Choosing an order shows it at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});

// An answer is pressed once: a double click sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 3000);
});

// The seconds that are left to take an answer back; said once by the page, only shown here.
setInterval(() => {
  for (const at of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(at.dataset.until) - Date.now()) / 1000);
    if (left > 0 && left < 120) at.textContent = document.documentElement.lang === "en" ? `in ${left} s` : `om ${left} s`;
  }
}, 500);
