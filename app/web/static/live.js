/* Who is here and what is new. Everything here also works without it.

   One loop asks, one thing after the other, and only while somebody looks at the page. What has
   come waits behind a bar; what is shown changes in place, and focus and reading place are kept. */
"use strict";

(() => {
  const EVERY = 2500; // ms between two looks; new things shall be seen within three seconds
  const SLOWEST = 60000; // ms between two tries when the server does not answer
  const SWEEP = 30000; // ms after which everything is asked for, also when nothing was told
  const PATIENCE = 10000; // ms that an answer may take
  const SAY_EVERY = 60000; // ms between two messages to a screen reader about what is new
  const CLAIM_EVERY = 10000; // ms between two words to colleagues that one is writing

  const root = document.documentElement;
  if (!root.dataset.person) return;

  let mark = null;
  let swept = Date.now();
  let failures = 0;
  let lastContact = Date.now();
  let isAsking = false;
  let isUncertain = false; // whether the sign-in may be another one: forms then need a new key
  let justOpened = true;
  let timer = 0;
  const shown = new WeakMap(); // what the server last sent for an element

  class SignedOut extends Error {}
  class NoAnswer extends Error {}

  const here = () => document.getElementById("narvaro");
  const lookers = () => [...document.querySelectorAll("[hx-get][hx-trigger^='every']")];
  const withArgs = (address, args) => {
    const url = new URL(address, location.href);
    for (const [name, value] of Object.entries(args)) if (value) url.searchParams.set(name, value);
    return url;
  };

  const ask = async (address) => {
    let answer;
    try {
      answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      throw new NoAnswer(error.message);
    }
    if (answer.status === 401) throw new SignedOut();
    if (answer.status >= 500) throw new NoAnswer(String(answer.status));
    return answer;
  };

  // --- Alerts: one at a time, beside what one is writing -------------------------------------

  const alarm = (kind) => {
    const now = document.querySelector(".larm[role=alert]");
    if (now?.dataset.kind === kind) return;
    now?.remove();
    if (!kind) return;
    const note = document.getElementById(`larm-${kind}`).content.firstElementChild.cloneNode(true);
    note.dataset.kind = kind;
    const since = note.querySelector("[data-since]");
    if (since) {
      since.textContent = new Date(lastContact).toLocaleTimeString("sv-SE", { timeZone: "Europe/Stockholm", hour: "2-digit", minute: "2-digit" }).replace(":", ".");
    }
    if (!document.getElementById("svar")) note.querySelector("[data-typed]")?.remove();
    put(note);
  };

  const put = (note) => {
    const place = [".composer__top", ".list__head"].map((one) => document.querySelector(one)).find((one) => one?.checkVisibility());
    if (place) place.after(note);
    else document.getElementById("innehall").prepend(note);
  };

  // --- What a screen reader is told ----------------------------------------------------------

  let saidAt = 0;
  let toSay = "";
  const say = (text) => {
    toSay = text;
    const wait = saidAt + SAY_EVERY - Date.now();
    setTimeout(() => {
      if (!toSay) return;
      document.getElementById("sagt").textContent = toSay;
      saidAt = Date.now();
      toSay = "";
    }, Math.max(wait, 0));
  };
  for (const slot of document.querySelectorAll(".newbar-slot")) slot.removeAttribute("role");

  // --- Putting what has come in its place ----------------------------------------------------

  const isBusyIn = (element) => {
    if (element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
    const selection = getSelection();
    return !selection.isCollapsed && element.contains(selection.anchorNode);
  };

  // What stands out of the conversation's focus, opened parts and place; run to put it back.
  const placeIn = (element) => {
    const scroller = element.closest(".thread__scroll");
    const top = scroller ? scroller.getBoundingClientRect().top : 0;
    const anchor = [...element.querySelectorAll("li[id]")].find((one) => one.getBoundingClientRect().bottom > top);
    const before = anchor && anchor.getBoundingClientRect().top;
    const opened = [...element.querySelectorAll("li[id] details[open]")].map((one) => one.closest("li[id]").id);
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const line = focused?.closest("li[id]");
    const nth = line ? [...line.querySelectorAll("a, button, summary")].indexOf(focused) : -1;
    return () => {
      for (const id of opened) document.querySelector(`#${id} details`)?.setAttribute("open", "");
      const now = anchor && document.getElementById(anchor.id);
      if (scroller && now) scroller.scrollTop += now.getBoundingClientRect().top - before;
      if (!focused) return;
      const again = line && document.getElementById(line.id)?.querySelectorAll("a, button, summary")[nth];
      (again || scroller || document.getElementById("trad"))?.focus({ preventScroll: true });
    };
  };

  const swap = (element, html, style) => {
    const putBack = placeIn(element);
    const wasOnItsWay = element.querySelector(".msg--pending") !== null;
    htmx.swap(element, html, { swapStyle: style, swapDelay: 0, settleDelay: 0 });
    putBack();
    markFresh();
    if (wasOnItsWay) tellArrival();
  };

  // What the page said when the answer was pressed is no longer so when it has arrived.
  const tellArrival = () => {
    const now = document.getElementById("konversation");
    const said = document.querySelector(".thread .flashes .alert--ok p");
    if (!now || !said || now.querySelector(".msg--pending")) return;
    const arrived = [...now.querySelectorAll(".msg--city .badge--ok")].at(-1);
    if (arrived && !now.querySelector(".msg--failed, .msg--unsure")) said.textContent = arrived.textContent.trim();
    else said.closest(".flashes").remove();
  };

  // True when it could be shown, or there was nothing to show; false when it has to wait.
  const look = async (element) => {
    if (isBusyIn(element)) return false;
    const whole = new URL(location.href).searchParams.get("alla");
    const answer = await ask(withArgs(element.getAttribute("hx-get"), { alla: element.id === "konversation" && whole }));
    const html = answer.ok && answer.status !== 204 ? await answer.text() : "";
    if (!html || !element.isConnected || shown.get(element) === html) return true;
    if (isBusyIn(element)) return false;
    shown.set(element, html);
    swap(element, html, answer.headers.get("HX-Reswap") || element.getAttribute("hx-swap") || "innerHTML");
    if (element.matches(".newbar-slot")) say(element.textContent.trim());
    return true;
  };

  const putRow = (fresh) => {
    const old = document.getElementById(fresh.id);
    fresh.removeAttribute("hx-swap-oob");
    if (!old || old.isEqualNode(fresh)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const box = old.querySelector("[data-pick]");
    if (box) fresh.querySelector("[data-pick]")?.replaceWith(box);
    old.replaceWith(fresh);
    htmx.process(fresh);
    if (focused) (document.getElementById(focused) || fresh.closest(".rows")).focus({ preventScroll: true });
  };

  // The rows one sees, as they stand now. A list that cannot tell is left as it is.
  let hasRows = true;
  const lookAtRows = async () => {
    const list = document.querySelector(".rows[data-rows]");
    if (!list || !hasRows) return;
    const links = [...list.querySelectorAll("a[data-case]")];
    const ids = links.map((one) => one.dataset.case).join(",");
    if (!ids) return;
    const open = links.find((one) => one.hasAttribute("aria-current"))?.dataset.case;
    const answer = await ask(withArgs(list.dataset.rows, { ids, valt: open }));
    hasRows = answer.ok;
    if (!hasRows || answer.status === 204) return;
    const sent = document.createElement("template");
    sent.innerHTML = await answer.text();
    const scrolled = list.scrollTop;
    for (const row of sent.content.querySelectorAll("li[id^='rad-']")) putRow(row);
    list.scrollTop = scrolled;
  };

  // --- Who else is here ----------------------------------------------------------------------

  // Who writes stands above the box, who reads in the head; neither moves what one reads.
  const claims = document.createElement("div");
  claims.setAttribute("role", "status");
  const placeClaim = () => {
    if (!claims.isConnected) document.querySelector(".composer__top")?.after(claims);
    const claim = here()?.querySelector(".claim");
    if (claim && claims.isConnected) claims.replaceChildren(claim);
  };
  placeClaim();

  // "Svara ändå" holds in this case, also when the page is drawn anew, until nobody else writes.
  const answerAnyway = (isMeant) => {
    const place = here();
    if (!place) return;
    const key = `vaxeln-anda:${root.dataset.person}:${place.dataset.case}`;
    place.toggleAttribute("data-anyway", isMeant);
    try {
      if (isMeant) sessionStorage.setItem(key, "1");
      else sessionStorage.removeItem(key);
    } catch { /* not allowed: it holds until the page is left */ }
  };
  const wasAnyway = () => {
    const place = here();
    if (!place || "anyway" in place.dataset) return Boolean(place);
    try { return sessionStorage.getItem(`vaxeln-anda:${root.dataset.person}:${place.dataset.case}`) !== null; } catch { return false; }
  };
  answerAnyway(document.querySelector(".claim") !== null && wasAnyway());

  const told = () => `${claims.textContent} ${here().textContent}`.replace(/\s+/g, " ").trim();
  const showOthers = (html) => {
    const place = here();
    if (!place || html === undefined || shown.get(place) === html) return;
    shown.set(place, html);
    const sent = document.createElement("template");
    sent.innerHTML = html;
    if (sent.content.textContent.replace(/\s+/g, " ").trim() === told()) return;
    const hadFocus = claims.contains(document.activeElement);
    const talk = document.getElementById("konversation");
    const putBack = talk ? placeIn(talk) : () => {};
    claims.replaceChildren();
    place.replaceChildren(sent.content);
    placeClaim();
    putBack();
    const isClaimed = document.querySelector(".claim") !== null;
    if (!isClaimed) answerAnyway(false);
    if (hadFocus) document.getElementById(isClaimed ? "svar" : "trad").focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".claim__anyway")) return;
    event.preventDefault();
    answerAnyway(true);
    document.getElementById("svar").focus();
  });

  let claimedAt = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "svar" || !here() || Date.now() - claimedAt < CLAIM_EVERY) return;
    claimedAt = Date.now();
    const body = new URLSearchParams({ csrf_token: event.target.form.elements.csrf_token.value });
    fetch(here().dataset.writes, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => {});
  });

  // --- What has come while one wrote ---------------------------------------------------------

  const freshPlaces = new Set([...document.querySelectorAll("[data-fresh]")].map((one) => one.dataset.fresh));
  const markFresh = () => {
    for (const id of freshPlaces) {
      const line = document.querySelector(`#${CSS.escape(id)} .msg__by`);
      if (line && !line.querySelector(".fresh__mark")) line.append(document.getElementById("nytt-marke").content.cloneNode(true));
    }
  };
  markFresh();

  const showNews = async (link) => {
    const form = document.getElementById("skriv");
    const old = document.getElementById("konversation");
    const known = new Set([...old.querySelectorAll("li[id]")].map((one) => one.id));
    const target = form?.elements.till_meddelande?.value;
    const answer = await ask(withArgs(old.getAttribute("hx-get"), { visa: "1", till: target }));
    if (!answer.ok) throw new NoAnswer(String(answer.status));
    if (answer.status !== 204) swap(old, await answer.text(), "outerHTML");
    link.remove();
    const now = document.getElementById("konversation");
    if (form) form.elements.version.value = now.dataset.version;
    if (form?.elements.sett) form.elements.sett.value = new URL(now.getAttribute("hx-get"), location.href).searchParams.get("sedan");
    const fresh = [...now.querySelectorAll("li[id]")].filter((one) => !known.has(one.id));
    for (const line of fresh) freshPlaces.add(line.id);
    markFresh();
    const first = fresh[0] || now;
    first.tabIndex = -1;
    first.focus();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show-news]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    showNews(link).catch(() => { location.assign(link.href); });
  });

  // --- The loop ------------------------------------------------------------------------------

  const pulse = async () => {
    const place = here();
    const args = { arende: place?.dataset.case, oppnad: justOpened && place ? "1" : "", nyckel: isUncertain ? "1" : "" };
    const answer = await ask(withArgs(root.dataset.pulse, args));
    if (!answer.ok) throw new NoAnswer(String(answer.status));
    return answer.json();
  };

  const inContact = (news) => {
    lastContact = Date.now();
    if (String(news.person) !== root.dataset.person) {
      root.dataset.stranger = "";
      alarm("annan");
      return false;
    }
    delete root.dataset.stranger;
    alarm("");
    const wasLost = failures > 0 || isUncertain;
    failures = 0;
    isUncertain = false;
    if (news.key) for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = news.key;
    if (wasLost) document.dispatchEvent(new Event("vaxeln:back"));
    return true;
  };

  const sweep = async (isFirst) => {
    let isShown = true;
    for (const element of lookers()) isShown = (await look(element)) && isShown;
    if (!isFirst) await lookAtRows();
    swept = Date.now();
    return isShown;
  };

  const isWanted = () => isUncertain || here() || lookers().length > 0;

  const turn = async () => {
    const news = await pulse();
    if (!inContact(news)) return;
    justOpened = false;
    showOthers(news.here);
    const isDue = news.mark !== mark || Date.now() - swept > SWEEP;
    if (isDue && (await sweep(mark === null))) mark = news.mark;
  };

  const inTrouble = (error) => {
    if (error instanceof SignedOut) {
      isUncertain = true;
      alarm("utloggad");
    } else if (error instanceof NoAnswer) {
      failures += 1;
      if (failures > 1) alarm("kontakt");
    } else {
      throw error;
    }
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(tick, Math.min(EVERY * 2 ** failures, SLOWEST));
  };

  const tick = async () => {
    if (isAsking) return;
    if (document.hidden || !isWanted()) { later(); return; }
    isAsking = true;
    try {
      await turn();
    } catch (error) {
      inTrouble(error);
    } finally {
      isAsking = false;
      later();
    }
  };

  // The loop asks in htmx's place, so that there is one request at a time.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every")) event.preventDefault();
  });
  // Something one pressed or typed got no answer: find out why at once.
  document.addEventListener("vaxeln:doubt", () => {
    isUncertain = true;
    failures = Math.max(failures, 1);
    tick();
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => document.dispatchEvent(new Event("vaxeln:doubt")));
  }
  document.addEventListener("htmx:responseError", (event) => {
    if ([400, 401].includes(event.detail.xhr.status)) document.dispatchEvent(new Event("vaxeln:doubt"));
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  addEventListener("online", tick);
  tick();
})();
