// SPDX-License-Identifier: Apache-2.0
// A backport by keyboard: from change to change, to the decision, to the neighbouring lines.  No key
// decides anything: it brings to the button or the field, Enter does the rest.  Without this script
// everything is reached by Tab.
"use strict";
(() => {
  const keys = document.getElementById("keys");
  if (!keys) return;
  const SAID_MS = 6000;
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

  // Those that can be seen: not inside of what is folded.
  const changes = () => [...document.querySelectorAll("[data-hunk]")].filter((h) => h.offsetParent);
  const go = (to) => {
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: to.matches("[data-hunk]") ? "start" : "center" });
  };
  const step = (by) => {
    const all = changes(), at = all.indexOf(document.activeElement);
    const to = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by];
    if (!all.length) say("There is no change to look at.");
    else if (to) go(to);
    else say(by > 0 ? "This is the last change." : "This is the first change.");
  };
  const open = (id, field, none) => {
    const box = document.getElementById(id);
    if (!box) { say(none); return; }
    box.open = true;
    go(box.querySelector(field));
  };
  const accept = () => {
    const form = document.getElementById("accept");
    if (!form) { say("There is nothing to accept."); return; }
    const reason = form.querySelector("input[name=reason]");
    go(reason.required && !reason.value.trim() ? reason : document.getElementById("accept-it"));
  };
  const press = (id, none) => {
    const at = document.getElementById(id);
    if (at) go(at); else say(none);
  };
  const follow = (rel, none) => {
    const link = document.querySelector(`.pages a[rel=${rel}]`);
    if (link) link.click(); else say(none);
  };

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
  keys.hidden = false;

  const does = {
    j: () => step(1),
    k: () => step(-1),
    a: accept,
    e: () => open("edit", "textarea", "Nothing can be uploaded here."),
    w: () => open("waive", "input[name=reason]", "This line cannot be waived."),
    t: () => press("test-it", "There are no tests to run."),
    n: () => follow("next", "This is the oldest line."),
    p: () => follow("prev", "This is the newest line."),
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || off) return;
    if (e.target.matches("input, textarea, select")) return;
    if (!Object.hasOwn(does, e.key)) return;
    does[e.key]();
    e.preventDefault();
  });
})();
