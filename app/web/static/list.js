/* The list: filters, views of one's own, several at once. Everything here also works without it. */
"use strict";

(() => {
  const picks = () => [...document.querySelectorAll("[data-pick]")];

  // How many are chosen; and whoever stops choosing several has chosen none.
  const count = () => {
    const said = document.querySelector("[data-picked]");
    if (!said) return;
    const chosen = picks().filter((pick) => pick.checked).length;
    const text = chosen === 1 ? said.dataset.one : said.dataset.many.replace("N", chosen);
    if (said.textContent !== text) said.textContent = text;
  };

  const stop = () => {
    const several = document.querySelector("[data-several]");
    if (several) several.checked = false;
    for (const pick of picks()) pick.checked = false;
    count();
  };

  document.addEventListener("change", (event) => {
    const several = document.querySelector("[data-several]");
    if (event.target === several && !several.checked) stop();
    if (event.target.matches("[data-pick]") && event.target.checked && several) several.checked = true;
    if (event.target.matches("[data-pick], [data-several]")) count();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pick-all]")) {
      for (const pick of picks()) pick.checked = true;
      count();
    }
    // A press outside the filters folds them away; what is chosen in them stays.
    const filter = document.getElementById("filter");
    if (filter && filter.open && !filter.contains(event.target)) filter.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const filter = document.getElementById("filter");
    if (filter && filter.open && filter.contains(event.target)) {
      filter.open = false;
      filter.querySelector("summary").focus();
    } else if (picks().some((pick) => pick.checked) && !event.target.closest("dialog, [popover], .composer")) {
      stop();
    }
  });

  // What is not chosen does not stand in the address.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-short]")) return;
    const empty = [...event.target.elements].filter((field) => field.name && !field.value);
    for (const field of empty) field.disabled = true;
    setTimeout(() => { for (const field of empty) field.disabled = false; }, 0);
  });

  count();
})();
