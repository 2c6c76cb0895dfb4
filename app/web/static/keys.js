/* The keys. Everything here also works without it.

   <html data-keys> tells the person's own: "av", else act=key for every act that has one. The acts
   are those of the help sheet. A single key never fires in a field, with another key held, or from
   the number pad, which screen readers use. */
"use strict";

(() => {
  const told = document.documentElement.dataset.keys || "av";
  const isOff = told === "av";
  const pairs = isOff ? [] : told.split(" ").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  const keyOf = new Map(pairs);
  const actOf = new Map(pairs.map(([act, key]) => [key, act]));

  const FIELDS = "input:not([type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable], [role=textbox]";

  // Where each act is on the page, before the person's own key is written there, and its first key.
  const PLACES = {
    search: ["input[type=search][aria-keyshortcuts='/']", "/"],
    answer: ["[name=lagel][value=svar]", "R"],
    note: ["[name=lagel][value=anteckning]", "N"],
    forward: ["[name=lagel][value=vidare]", "F"],
    insert: ["[data-insert]", "I"],
    template: ["#mallsok", "T"],
    filter: ["#filter select", "L"],
    many: ["#flera-gor", "G"],
    hand_over: ["a[href*='/overlat']", "O"],
    snooze: ["[data-snooze]", "S"],
    call: ["[data-call]", "P"],
    undo: ["[aria-keyshortcuts=Z], button[form=angra], .page form[action$='/angra'] > button", "Z"],
    close: ["[aria-keyshortcuts=E]", "E"],
    take: ["[aria-keyshortcuts=A]", "A"],
    wait: ["[aria-keyshortcuts=V]", "V"],
    unread: ["[aria-keyshortcuts=U]", "U"],
    move1: ["[aria-keyshortcuts='1']", "1"],
    move2: ["[aria-keyshortcuts='2']", "2"],
    move3: ["[aria-keyshortcuts='3']", "3"],
    move: ["[aria-keyshortcuts=M]", "M"],
  };

  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
  const places = (act) => [...document.querySelectorAll(`[data-act="${act}"]`)];
  const placeOf = (act) => places(act).findLast(isSeen) || places(act).at(-1);

  // Buttons tell the person's own key, or none.
  const tell = (element, act, first) => {
    const key = (keyOf.get(act) || "").toUpperCase();
    element.dataset.act = act;
    if (key) element.setAttribute("aria-keyshortcuts", key);
    else element.removeAttribute("aria-keyshortcuts");
    const near = [element, ...(element.labels || []), element.parentElement].filter(Boolean);
    const sign = near.map((one) => one.querySelector("kbd")).find((one) => one && one.textContent === first);
    if (!sign) return;
    sign.textContent = key;
    sign.hidden = !key;
  };
  const tellAll = () => {
    for (const [act, [where, first]] of Object.entries(PLACES)) {
      for (const element of document.querySelectorAll(where)) if (!element.dataset.act) tell(element, act, first);
    }
  };
  tellAll();
  new MutationObserver(tellAll).observe(document.body, { childList: true, subtree: true });

  const unfold = (element) => {
    const details = element.closest("details:not([open])");
    if (details) details.open = true;
    const sheet = element.closest("[popover]");
    if (sheet && !isSeen(element)) sheet.showPopover();
  };

  const storage = (act) => {
    try { return act(sessionStorage); } catch { return null; /* not allowed: every page begins anew */ }
  };

  // The rows of the list as it last stood beside an open case. When that one is answered or closed
  // and gone, one goes on from its place and not from the top.
  const LIST = "vaxeln:list";
  // After the last row: the next page, or the way on from an empty list and from what many became.
  const WAYS_ON = ".list__foot a[href*='efter='], .search__pages a[href*='efter='], .list .empty a, .manylist__go a";
  const rowsSeen = () => [...document.querySelectorAll("a.rw, .hit h3 > a")].filter(isSeen);
  const rememberList = () => {
    const open = document.getElementById("narvaro")?.dataset.case;
    if (!open) return;
    const ids = rowsSeen().map((row) => row.dataset.case);
    const before = storage((kept) => JSON.parse(kept.getItem(LIST)))?.ids || [];
    storage((kept) => kept.setItem(LIST, JSON.stringify({ at: open, ids: ids.includes(open) ? ids : before })));
  };
  const placeLeft = (rows, step) => {
    const { at, ids } = storage((kept) => JSON.parse(kept.getItem(LIST))) || { ids: [] };
    const now = rows.map((row) => row.dataset.case);
    if (now.includes(at)) return now.indexOf(at);
    const before = ids.slice(0, Math.max(ids.indexOf(at), 0)).findLast((id) => now.includes(id));
    return (before === undefined ? -1 : now.indexOf(before)) + (step < 0 ? 1 : 0);
  };
  rememberList();

  const walk = (step) => {
    const rows = rowsSeen();
    const row = document.activeElement.closest("li, .hit")?.querySelector("a.rw, h3 > a");
    const open = rows.findIndex((one) => one.hasAttribute("aria-current"));
    const from = rows.includes(row) ? rows.indexOf(row) : open >= 0 ? open : placeLeft(rows, step);
    const beyond = from + step === rows.length && document.querySelector(WAYS_ON);
    const next = beyond || rows[Math.min(Math.max(from + step, 0), rows.length - 1)];
    if (next) next.focus();
    return Boolean(next);
  };

  const pick = () => {
    const row = document.activeElement.closest("li");
    const box = row?.querySelector("[data-pick]");
    if (box) box.click();
    return Boolean(box);
  };

  const search = () => {
    const field = places("search").filter(isSeen).pop();
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  };

  // Chooses what to write, and goes to where it is written.
  const write = (act, where) => () => {
    const choice = placeOf(act);
    const field = document.querySelector(where);
    if (!choice || !field) return false;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
    return true;
  };

  // What one has just done is remembered for the page that comes of it: nobody who acts is left
  // without a place there. A link or a search leads on to the first thing to fill in, or to what was
  // found; what has been done leads back to the content; a new answer is where it stands.
  const ARRIVING = "vaxeln:arriving";
  const willArrive = (how) => storage((kept) => kept.setItem(ARRIVING, how));
  const SENDS = ["publicera", "publicera-klar", "privat", "godkann", "godkann-klar"];

  const placeOnArrival = (how) => {
    const sent = how === "sent" && [...document.querySelectorAll(".msg--pending")].at(-1)?.closest("li");
    const first = how === "led" && document.querySelector(".page form :is(input, select, textarea, button):not([type=hidden])");
    const content = how && (document.querySelector("#traffar, ul.rows") || document.querySelector(".list #vy"));
    return sent || document.getElementById("trad") || content || first || (how && document.getElementById("innehall"));
  };
  const arrive = () => {
    const how = storage((kept) => kept.getItem(ARRIVING));
    storage((kept) => kept.removeItem(ARRIVING));
    if (!how && !document.getElementById("narvaro")) storage((kept) => kept.removeItem(LIST)); // begun anew
    if (location.hash || [...document.querySelectorAll("[autofocus]")].some(isSeen) || document.activeElement !== document.body) return;
    const place = placeOnArrival(how);
    if (!place) return;
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus({ preventScroll: how !== "sent" });
  };
  arrive();
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method === "dialog") return;
    const isSent = SENDS.includes(event.submitter?.value);
    willArrive(isSent ? "sent" : event.target.method === "get" ? "led" : "done");
  });

  document.addEventListener("click", (event) => { if (event.target.closest(WAYS_ON)) willArrive("led"); });

  const press = (act) => () => {
    const button = placeOf(act);
    if (button?.matches("a[href]")) willArrive("led");
    if (button) button.click();
    return Boolean(button);
  };

  const goTo = (act) => () => {
    const place = places(act).find(isSeen) || places(act)[0];
    if (!place) return false;
    unfold(place);
    place.focus();
    return true;
  };

  // Nobody routes unseen: where the departments lie folded away, the key first shows them.
  const move = (act) => () => {
    const place = placeOf(act);
    if (!place) return false;
    const seen = isSeen(place);
    unfold(place);
    if (act === "move") place.focus();
    else if (seen) place.click();
    return true;
  };

  const sheet = document.getElementById("tangentblad");
  const help = () => {
    if (!sheet) return false;
    fetch(sheet.dataset.from, { headers: { "HX-Request": "true" } })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer)))
      .then((text) => {
        sheet.querySelector(".sheet__body").innerHTML = text;
        if (!sheet.open) sheet.showModal();
      })
      .catch(() => { location.assign(sheet.dataset.from); });
    return true;
  };

  const ACTS = {
    next: () => walk(1),
    previous: () => walk(-1),
    pick,
    search,
    answer: write("answer", "#svar"),
    note: write("note", "#anteckning"),
    forward: write("forward", "#till"),
    insert: goTo("insert"),
    template: goTo("template"),
    filter: goTo("filter"),
    many: () => Boolean(placeOf("many") && isSeen(placeOf("many"))) && goTo("many")(),
    hand_over: press("hand_over"),
    undo: press("undo"),
    close: press("close"),
    take: press("take"),
    wait: press("wait"),
    snooze: press("snooze"),
    call: press("call"),
    unread: press("unread"),
    move1: move("move1"),
    move2: move("move2"),
    move3: move("move3"),
    move: move("move"),
    help,
  };

  const isPlainKey = (event) =>
    !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing)
    && !(event.shiftKey && /^[\p{L}\p{N}]$/u.test(event.key))
    && event.location !== KeyboardEvent.DOM_KEY_LOCATION_NUMPAD
    && !event.target.closest(FIELDS);

  document.addEventListener("keydown", (event) => {
    const act = isPlainKey(event) && actOf.get(event.key.toLowerCase());
    if (!act) return;
    if (sheet && sheet.open) {
      if (act === "help") { event.preventDefault(); sheet.close(); }
      return;
    }
    if (event.repeat && act !== "next" && act !== "previous") return;
    if (ACTS[act]()) event.preventDefault();
  });

  // Ctrl+Enter presses the button of what is being written; it is no single key, so it stays.
  document.addEventListener("keydown", (event) => {
    const composer = event.target.closest?.(".composer, .several, .callform");
    if (!composer || event.key !== "Enter" || event.repeat || !(event.ctrlKey || event.metaKey)) return;
    if (event.target.matches("[type=search]")) return; // what one looks for is not what one sends
    const mode = composer.querySelector("[name=lagel]:checked")?.value;
    const act = { svar: "publicera", privat: "privat", anteckning: "anteckna", vidare: "vidare" }[mode];
    const shown = [...composer.querySelectorAll("button[aria-keyshortcuts='Control+Enter']")].find(isSeen);
    const button = shown || composer.querySelector(`button[name=gor][value="${act}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });

  // The same in any other form: Enter alone opens a list of choices instead of sending it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    const form = event.target.matches(FIELDS) && !event.target.closest(".composer") && event.target.form;
    const button = form && [...form.elements].find((one) => one.matches("button[type=submit]") && isSeen(one));
    if (button) { event.preventDefault(); button.click(); }
  });

  // Enter after a search among the templates goes to the first of those found.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === "mallsok") document.querySelector("#malltraffar [data-insert]")?.focus();
  });

  // Escape closes what is open around the place one is at and goes back to its button, or leaves
  // the box. Dialogs and popovers do so by themselves.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || (sheet && sheet.open)) return;
    const at = event.target;
    if (!at.closest || at.closest("[popover]:popover-open")) return;
    const opened = at.closest("details[open]");
    if (opened && !at.matches("textarea")) {
      opened.open = false;
      opened.querySelector("summary").focus();
    } else if (at.closest(".composer") && at.matches(FIELDS)) {
      document.getElementById("trad")?.focus();
    }
  });
})();
