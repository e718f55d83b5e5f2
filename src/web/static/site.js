// SPDX-License-Identifier: Apache-2.0
// Keeps an open page of the team up to date.  The stream that the body names in data-events says
// only that something changed; then the same page is fetched and its regions (data-live="name") are
// exchanged.  What a person is typing, has ticked or has opened stays, and so do focus and place.
// Without this script every page works the same, it only waits to be reloaded.
"use strict";
(() => {
  const url = document.body.dataset.events;
  if (!url || !window.EventSource || !window.DOMParser) return;
  const SETTLE_MS = 300; // several changes in a row are one
  const SAID_MS = 8000;
  let stream = null, timer = 0, busy = false, again = false, over = false, hush = 0;

  const said = document.createElement("p");
  said.className = "live";
  said.setAttribute("role", "status");
  document.body.append(said);
  const say = (text) => {
    said.textContent = text;
    clearTimeout(hush);
    hush = setTimeout(() => { said.textContent = ""; }, SAID_MS);
  };

  const changed = (c) => {
    if (c.type === "checkbox" || c.type === "radio") return c.checked !== c.defaultChecked;
    if (c.tagName === "SELECT") return [...c.options].some((o) => o.selected !== o.defaultSelected);
    return c.value !== undefined && c.defaultValue !== undefined && c.value !== c.defaultValue;
  };
  // Somebody works in there: it must not be exchanged under the hands.
  const inUse = (region) => {
    const at = document.activeElement;
    if (at && region.contains(at) && at.matches("input, textarea, select")) return true;
    return [...region.querySelectorAll("input, textarea, select")].some(changed);
  };
  const label = (d) => (d.id || d.querySelector("summary")?.textContent || "").trim();
  const place = (region) => {
    const at = document.activeElement;
    if (!at || !region.contains(at)) return null;
    const same = [...region.querySelectorAll(at.tagName)]
      .filter((e) => e.getAttribute("href") === at.getAttribute("href") && e.textContent === at.textContent);
    return { id: at.id, tag: at.tagName, href: at.getAttribute("href"), text: at.textContent, nth: same.indexOf(at) };
  };
  const back = (region, p) => {
    if (!p) return;
    const itself = p.id && document.getElementById(p.id);
    if (itself) { itself.focus({ preventScroll: true }); return; }
    const same = [...region.querySelectorAll(p.tag)].filter((e) => e.getAttribute("href") === p.href);
    const exact = same.filter((e) => e.textContent === p.text);
    (exact[p.nth] || exact[0] || same[0])?.focus({ preventScroll: true });
  };

  const exchange = (fresh) => {
    let done = 0, left = 0;
    for (const now of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${CSS.escape(now.dataset.live)}"]`);
      if (!next || next.isEqualNode(now)) continue;
      if (now.dataset.live !== "held") {
        if (inUse(now)) { left += 1; continue; }
        done += 1;
      }
      const open = new Set([...now.querySelectorAll("details[open]")].map(label));
      const p = place(now);
      now.replaceChildren(...document.importNode(next, true).childNodes);
      for (const d of now.querySelectorAll("details")) if (open.has(label(d))) d.open = true;
      back(now, p);
    }
    if (left) say("There is something new. Reload the page when you are done here.");
    else if (done) say("Something new came in. The page is up to date.");
  };

  const look = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const r = await fetch(location.pathname + location.search, { credentials: "same-origin", cache: "no-store" });
      if (r.redirected || r.status === 403) { over = true; close(); say("You are signed out. Reload to sign in."); }
      else if (r.ok) exchange(new DOMParser().parseFromString(await r.text(), "text/html"));
    } catch {
      // The desk is away for a moment: the stream tells when it is back.
    }
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, SETTLE_MS);
  };

  const close = () => { stream?.close(); stream = null; };
  // A browser has few connections to one host: only the page that is looked at keeps one.
  let seen = false;
  const open = () => {
    if (stream || over || document.visibilityState !== "visible") return;
    stream = new EventSource(url);
    stream.onopen = () => {
      document.body.dataset.stream = "open";
      // What came while there was no stream: also before the first one, on a page that waits for it.
      if (seen || "waits" in document.body.dataset) soon();
      seen = true;
    };
    stream.onmessage = soon;
    stream.addEventListener("end", () => { over = true; close(); say("This page is no longer kept up to date. Reload it."); });
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") open(); else close();
  });
  open();
})();
