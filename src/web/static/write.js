/* SPDX-License-Identifier: Apache-2.0
   Writing with a script: the draft is kept every few seconds, a reply in its minute counts down, a
   form is sent once.  Without it everything works by buttons. */
(() => {
  'use strict';
  const WAIT = 3000; // ms after the last key

  for (const form of document.querySelectorAll('form[data-keep]')) {
    const text = form.querySelector('textarea');
    const kept = form.querySelector('[data-kept]');
    const others = form.querySelector('[data-others]');
    let timer = 0, saved = text.value, sent = false;

    const save = async (last) => {
      clearTimeout(timer);
      timer = 0;
      if (sent || text.value === saved) return;
      const now = text.value;
      try {
        const r = await fetch(form.dataset.keep, {
          method: 'POST', body: new URLSearchParams(new FormData(form)),
          keepalive: last && now.length < 20000, redirect: 'error', credentials: 'same-origin' });
        if (!r.ok) throw new Error(String(r.status));
        const [line, ...rest] = (await r.text()).split('\n').filter((l, i) => i === 0 || l);
        saved = now;
        kept.textContent = line;
        others.textContent = rest.join(' ');
        others.hidden = rest.length === 0;
      } catch {
        if (!sent) kept.textContent = 'The draft could not be kept. Your text is only on this page.';
      }
    };
    text.addEventListener('input', () => {
      if (!timer) timer = setTimeout(save, WAIT);
    });
    form.addEventListener('submit', (e) => {
      if (sent) { e.preventDefault(); return; } // a double click
      sent = true;
      clearTimeout(timer);
    });
    addEventListener('pageshow', () => { sent = false; }); // back from the next page
    addEventListener('pagehide', () => { save(true); });
    addEventListener('beforeunload', (e) => {
      if (!sent && text.value !== saved) { save(true); e.preventDefault(); }
    });
  }

  /* The server decides when it is too late; this only says so.  Forms may come later (site.js). */
  setInterval(() => {
    for (const form of document.querySelectorAll('form[data-goes]')) {
      const s = Math.ceil((Number(form.dataset.goes) / 1000 - Date.now()) / 1000);
      const line = form.querySelector('p');
      let left = line.querySelector('[data-left]');
      if (s <= 0) {
        line.textContent = 'It is on its way.';
        form.querySelector('.acts').remove();
        delete form.dataset.goes;
      } else {
        if (!left) {
          left = document.createElement('span');
          left.dataset.left = '';
          line.append(' ', left);
        }
        left.textContent = `${s} s left.`;
      }
    }
  }, 500);
})();
