/* What one has typed is kept in the browser until the server has it. Everything here also works
   without it: a draft is saved by its button. */
"use strict";

(() => {
  const root = document.documentElement;
  const START = `vaxeln:${root.dataset.person}:`;
  const form = () => document.getElementById("skriv");
  // What says whose text it is: the case's page, or the form itself of an answer to several.
  const place = () => document.getElementById("narvaro") || document.querySelector("form.several");
  const box = () => document.getElementById("svar");
  // What is sent by each button, by the name of its field.
  const SENDS = {
    publicera: "svar", "publicera-klar": "svar", privat: "svar", godkannande: "svar", "godkannande-klar": "svar",
    godkann: "svar", "godkann-klar": "svar", "skicka-tillbaka": "svar", anteckna: "anteckning", vidare: "meddelande",
  };
  const MODES = { svar: "svar", anteckning: "anteckning", meddelande: "vidare" };

  // How much the server's clock is ahead of this one's, in ms.
  const ahead = place() ? new Date(place().dataset.now) - Date.now() : 0;

  const keyOf = (field) => `${START}${place().dataset.case}:${field.name}`;
  const kept = (key) => {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
  };
  const keep = (key, copy) => {
    try { sessionStorage.setItem(key, JSON.stringify(copy)); } catch { /* full, or not allowed: the server still gets it */ }
  };
  const drop = (key) => {
    try { sessionStorage.removeItem(key); } catch { /* not allowed: nothing was kept */ }
  };
  const all = () => {
    try { return Object.keys(sessionStorage).filter((key) => key.startsWith(START)); } catch { return []; }
  };

  const isOurs = (field) => field.matches?.("textarea[name]") && field.form && field.form === form() && place();

  document.addEventListener("input", (event) => {
    if (isOurs(event.target)) keep(keyOf(event.target), { text: event.target.value, at: Date.now() + ahead });
  });

  // --- The server has it ---------------------------------------------------------------------

  const isSaved = (text) => {
    const copy = place() && kept(keyOf(box()));
    if (copy && copy.text === text) drop(keyOf(box()));
  };

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== box() || !event.detail.successful) return;
    if (event.detail.xhr.getResponseHeader("X-Unsaved")) return;
    isSaved(event.detail.requestConfig.formData.get("svar"));
  });

  // A draft in somebody else's name is nobody's.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ("stranger" in root.dataset && event.detail.elt === box()) event.preventDefault();
  });

  const hasUnsaved = () => Boolean(place() && box() && kept(keyOf(box())));

  const save = async (isLeaving = false) => {
    if (!hasUnsaved() || "stranger" in root.dataset) return;
    const text = box().value;
    const body = new URLSearchParams(new FormData(form()));
    body.set("gor", "utkast");
    try {
      const answer = await fetch(box().getAttribute("hx-post"), {
        method: "POST", body, headers: { "HX-Request": "true" }, keepalive: isLeaving,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (!answer.headers.get("X-Unsaved")) isSaved(text);
      htmx.swap("#sparat", html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
    } catch {
      if (!isLeaving) document.dispatchEvent(new Event("vaxeln:doubt"));
    }
  };

  document.addEventListener("vaxeln:back", () => save());
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });

  // --- Sent, or back again -------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    if (event.target !== form() || event.defaultPrevented || !place()) return;
    const field = form().elements[SENDS[event.submitter?.value]];
    const copy = field && kept(keyOf(field));
    if (copy) keep(keyOf(field), { ...copy, sent: true });
  });

  const wasTaken = document.querySelector(".flashes .alert--ok") !== null;
  for (const key of all()) if (wasTaken && kept(key)?.sent) drop(key);

  // Whether the server's draft was written later, elsewhere; a saving may itself be some seconds late.
  const LATE = 10000;
  const isOlder = (copy, field) =>
    field === box() && place().dataset.draft && new Date(place().dataset.draft) - copy.at > LATE;

  const putBack = (field) => {
    const copy = kept(keyOf(field));
    if (!copy) return false;
    if (copy.text.trim() === field.value.trim() || field.readOnly || isOlder(copy, field)) {
      drop(keyOf(field));
      return false;
    }
    field.value = copy.text;
    keep(keyOf(field), { text: copy.text, at: copy.at });
    return true;
  };

  const putAllBack = () => {
    const fields = [...form().querySelectorAll("textarea[name]")].filter(putBack);
    if (!fields.length) return;
    const choice = form().querySelector(`[name=lagel][value="${MODES[fields[0].name]}"]`);
    if (choice) choice.checked = true;
    const note = document.getElementById("larm-tillbaka").content.cloneNode(true);
    const top = form().querySelector(".composer__top");
    if (top) top.after(note);
    else form().querySelector(".box").before(note);
    save();
  };
  if (root.dataset.person && form() && place()) putAllBack();
})();
