// SPDX-License-Identifier: Apache-2.0
// The places of an audit by keyboard, one after the other: a decision is sent at once, what it
// changes is exchanged, and the focus goes on to the next place.  The dial works while it is turned.
// Without this script every place has its buttons, and the page comes again after each.
"use strict";
(() => {
  const list = () => document.getElementById("places");
  const keys = document.getElementById("keys");
  if (!keys || !window.DOMParser) return;
  const DIAL_MS = 250; // the last of several turns counts
  const SAID_MS = 6000;
  const done = []; // what was decided here, to be undone

  const said = document.createElement("p");
  said.className = "live";
  said.setAttribute("role", "status");
  document.body.append(said);
  let hush = 0;
  const say = (text) => {
    said.textContent = text;
    clearTimeout(hush);
    hush = setTimeout(() => { said.textContent = ""; }, SAID_MS);
  };

  const places = () => [...document.querySelectorAll(".spot")];
  const now = () => document.activeElement?.closest(".spot") || (places().length === 1 ? places()[0] : null);
  const go = (place) => {
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start" });
  };
  const step = (by) => {
    const all = places(), at = all.indexOf(now());
    const to = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by];
    const link = document.querySelector(by > 0 ? ".pages a[rel=next]" : ".pages a[rel=prev]");
    if (to && to !== all[at]) go(to);
    else if (link) link.click();
    else say(by > 0 ? "This is the last place." : "This is the first place.");
  };

  // What is half typed stays.
  const keep = (from, to) => {
    for (const c of from.querySelectorAll("input[name], textarea[name]")) {
      const same = c.type === "hidden" || c.name === "cut" ? null : [...to.querySelectorAll(c.localName)]
        .find((o) => o.name === c.name && (c.type !== "radio" && c.type !== "checkbox" || o.value === c.value));
      if (!same) continue;
      if (c.type === "radio" || c.type === "checkbox") same.checked = c.checked;
      else same.value = c.value;
    }
  };
  const exchange = (fresh, what) => {
    for (const old of document.querySelectorAll(what)) {
      const next = fresh.querySelector(what);
      if (!next) continue;
      const made = document.importNode(next, true);
      if (old.dataset.live === "audit-answer") keep(old, made);
      old.replaceWith(made);
    }
  };
  const send = async (form, fields) => {
    const body = new URLSearchParams(fields);
    for (const h of form.querySelectorAll("input[type=hidden]")) body.append(h.name, h.value);
    const r = await fetch(form.getAttribute("action"), { method: "POST", body, credentials: "same-origin", cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await r.text(), "text/html");
    if (r.ok) return fresh;
    say(fresh.querySelector(".flash.bad")?.textContent.replace(" What you had typed is still below.", "") ||
      "That was not taken. Reload the page.");
    return null;
  };

  // One after the other, so that quick keys lose nothing.
  let line = Promise.resolve();
  const told = (form, fields, then, not) => {
    line = line.then(async () => {
      try {
        const fresh = await send(form, fields);
        if (fresh) then(fresh); else not?.();
      } catch {
        say("The desk did not answer. Nothing was recorded.");
        not?.();
      }
    });
  };
  const around = (fresh) => {
    for (const what of ["[data-live=audit-state]", ".aud .tabs", "[data-live=audit-joined]", "[data-live=audit-record]"]) exchange(fresh, what);
  };
  const put = (fresh, id, words) => {
    const old = document.getElementById(id), next = fresh.getElementById(id);
    const here = old?.contains(document.activeElement);
    if (old && next) old.replaceWith(document.importNode(next, true));
    else if (old) {
      // It is no longer in this list, and stays until the list is shown again.
      old.classList.add("judged");
      old.querySelector("[data-verdict]").textContent = words;
      old.querySelector(".judge")?.remove();
    }
    if (here) document.getElementById(id)?.focus({ preventScroll: true });
    around(fresh);
  };

  const WORDS = { same_flaw: "same flaw", safe: "safe", unsure: "unsure" };
  const rank = (place) => place.querySelector(".rank")?.textContent ?? "";
  const record = (place, verdict) => {
    const key = place.dataset.key, id = place.id, all = places();
    const reason = place.querySelector(".judge input[name^='r-']");
    if (!reason) return;
    const after = all[all.indexOf(place) + 1];
    go(after ?? place);
    told(list(), { [`v-${key}`]: verdict, [reason.name]: reason.value, only: key }, (fresh) => {
      put(fresh, id, WORDS[verdict]);
      done.push(key);
      say(`Place ${rank(place)}: ${WORDS[verdict]}.${after ? "" : " That was the last one here."}`);
    }, () => go(place));
  };
  const undo = (key) => {
    const id = `p-${key}`;
    told(list(), { back: key }, (fresh) => {
      put(fresh, id, "to judge");
      const at = document.getElementById(id);
      if (at) go(at);
      say(at ? `Place ${rank(at)} is to be judged again.` : "Undone.");
    });
  };
  const chosen = (place) => place.querySelector(".judge input[type=radio]:checked")?.value;
  const press = (place, verdict) => {
    const radio = place.querySelector(`.judge input[value=${verdict}]`);
    const reason = place.querySelector(".judge input[name^='r-']");
    if (!radio) return;
    radio.closest("details")?.setAttribute("open", "");
    radio.checked = true;
    if (verdict === "safe" && !reason.value.trim()) {
      reason.focus();
      say("Say why it is safe, then press Enter.");
    } else record(place, verdict);
  };

  document.addEventListener("submit", (e) => {
    const by = e.submitter;
    if (e.target !== list() || !by) return;
    const place = by.closest(".spot");
    if (by.name === "back") { e.preventDefault(); undo(by.value); }
    else if (by.name === "only" && place && chosen(place)) { e.preventDefault(); record(place, chosen(place)); }
  });

  // A browser may keep nothing for us: then it is so for this page.
  const kept = (value) => {
    try {
      if (value) sessionStorage.setItem("keys", value);
      return sessionStorage.getItem("keys");
    } catch {
      return value ?? null;
    }
  };
  let off = kept() === "off";
  const toggle = keys.querySelector("button");
  const shown = () => {
    keys.classList.toggle("off", off);
    toggle.textContent = off ? "Turn the keys on" : "Turn the keys off";
  };
  toggle.addEventListener("click", () => {
    off = !off;
    kept(off ? "off" : "on");
    shown();
  });
  shown();
  const seen = () => { keys.hidden = places().length === 0; };
  seen();
  new MutationObserver(seen).observe(document.getElementById("main"), { childList: true, subtree: true });

  document.addEventListener("keydown", (e) => {
    const at = e.target, place = now();
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || off) return;
    if (at.matches("input:not([type=radio], [type=checkbox]), textarea, select")) {
      if (!place || !at.closest(".judge")) return;
      if (e.key === "Escape") go(place);
      else if (e.key === "Enter") {
        e.preventDefault();
        if (chosen(place)) record(place, chosen(place));
        else say("Choose first what the place is.");
      }
      return;
    }
    const verdict = { s: "same_flaw", f: "safe", u: "unsure" }[e.key];
    if (e.key === "j") step(1);
    else if (e.key === "k") step(-1);
    else if (e.key === "z" && (place?.querySelector("button[name=back]") || done.length)) {
      undo(place?.querySelector("button[name=back]")?.value || done.pop());
    } else if (place && verdict) press(place, verdict);
    else if (place && e.key === "x") place.querySelector("input[name=tick]")?.click();
    else return;
    e.preventDefault();
  });

  let turn = 0;
  document.addEventListener("change", (e) => {
    const form = e.target.closest("[data-dial]");
    if (!form) return;
    const cut = e.target.value;
    clearTimeout(turn);
    turn = setTimeout(() => told(form, { cut }, (fresh) => {
      exchange(fresh, "[data-live=audit-state]");
      exchange(fresh, "[data-live=audit-answer]");
      exchange(fresh, "[data-live=audit-record]");
      document.querySelector("[data-dial] input:checked")?.focus({ preventScroll: true });
      say(document.querySelector("[data-dial] legend").textContent);
    }), DIAL_MS);
  });
})();
