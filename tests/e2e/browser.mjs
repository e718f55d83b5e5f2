// SPDX-License-Identifier: Apache-2.0
// Steps of a person in Chromium, told by a story as a line of JSON on standard input; answers with a
// line of JSON, and waits for the next person.  One Chromium serves all.
// {"steps":[{"do":"open","url":...,"status":403},{"do":"click","text":...,"role":"link",
//  "refused":"URL of the 4xx page it leads to"},
//  {"do":"open-details","text":...},{"do":"fill","label":...,"value":...},
//  {"do":"choose","label":...,"option":...},{"do":"check","label":...},{"do":"expect","text":...},{"do":"absent","text":...},
//  {"do":"download","text":...},{"do":"shot","file":...},{"do":"size","width":...,"height":...},
//  {"do":"scheme","name":"dark"},{"do":"no-sideways"},{"do":"media","name":"print"},
//  {"do":"hidden","text":...}: it is there, and not to be seen,
//  {"do":"axe"}: WCAG 2.2 A and AA by axe-core, desktop and dark phone, {"do":"light","max":BYTES}: the page and all it needs,
//  {"do":"press","key":"Enter"},{"do":"tab","to":NAME,"as":SELECTOR}: Tab until the control of that
//  name (and kind) has the focus, which must be seen at each stop,{"do":"type","text":...},
//  {"do":"upload-here","files":[...]}: into the field with the focus,
//  {"do":"value","label":...,"value":...}: what stands in a field,{"do":"double-click","text":...},
//  {"do":"run","argv":["a command meanwhile",...]},{"do":"forget"}: all cookies,
//  {"do":"upload","label":...,"files":[...]},{"do":"read","label":...}: what stands in that field
//  goes into `read` of the answer,{"do":"open-for","ms":...}: until the page has been open so long],
//  "javascript":false,"state":"file that keeps the cookies from one run to the next"}
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
const require = createRequire(process.env.VULNDESK_NODE + '/');
const { chromium } = require('playwright-core');

const TABS_MAX = 120;
const AXE = readFileSync(join(process.env.VULNDESK_NODE, 'node_modules/axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/* One person's steps, in a context of its own: nothing of it is left for the next. */
async function told({ steps, javascript = false, state = null }) {
  const context = await browser.newContext({ javaScriptEnabled: javascript,
    storageState: state && existsSync(state) ? state : undefined,
    viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const foreign = [], errors = [], downloads = [], visited = [], read = [];
  let bytes = 0; // of what the page on show asked for
  page.on('response', async (r) => {
    if (r.request().isNavigationRequest() && r.frame() === page.mainFrame()) bytes = 0;
    const sizes = await r.request().sizes().catch(() => null);
    if (sizes) bytes += sizes.responseBodySize + sizes.responseHeadersSize;
  });

  /* The control with the focus: its name, its element, and whether the focus on it can be seen; none is
   * null.  A ring that is drawn outside the window is not seen. */
  const focused = (as) => page.evaluate((as) => {
    const at = document.activeElement;
    if (!at || at === document.body || at === document.documentElement) return null;
    const style = getComputedStyle(at), box = at.getBoundingClientRect();
    const label = at.labels?.length ? at.labels[0].innerText : '';
    const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    return { name: (at.getAttribute('aria-label') || label || at.innerText || at.value || '').trim(),
      element: at.localName, is: at.matches(as), seen: ring && box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0 &&
        box.top < innerHeight && box.left < innerWidth };
  }, as);

  async function tab(to, as = '*') {
    for (let i = 0; i < TABS_MAX; i += 1) {
      await page.keyboard.press('Tab');
      const at = await focused(as);
      if (at && !at.seen) throw new Error(`the focus on ${at.element} ${at.name.slice(0, 80)} cannot be seen`);
      if (at && at.is && at.name.includes(to)) return;
    }
    throw new Error(`Tab does not come to ${to}`);
  }

  /* A page without JavaScript has no timers, which axe needs: it looks at a copy, as it stands, in a
   * context of its own, on a desktop and on a phone in the dark.  The copy's own scripts do not run. */
  async function axe() {
    const copy = await browser.newContext({ viewport: { width: 1280, height: 900 }, bypassCSP: true,
      reducedMotion: 'reduce' });
    const said = [];
    try {
      const other = await copy.newPage();
      const body = await page.content();
      await other.route('**/*.js', (r) => r.abort());
      await other.route(page.url(), (r) => r.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
      await other.goto(page.url());
      await other.evaluate(AXE);
      for (const [scheme, size] of [['light', null], ['dark', { width: 390, height: 844 }]]) {
        await other.emulateMedia({ colorScheme: scheme });
        if (size) await other.setViewportSize(size);
        const found = await other.evaluate(() => axe.run(document, { resultTypes: ['violations'],
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        said.push(...found.violations.map((v) => `${scheme}: ${v.id} (${v.impact}): ${v.help}: ` +
          v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} [${n.failureSummary.split('\n').slice(1).join(' ').slice(0, 160)}]`).join(' | ')));
      }
    } finally {
      await copy.close();
    }
    if (said.length) throw new Error(`axe on ${page.url()}: ${said.join('\n')}`);
  }
  let announced = ''; // the page whose failure a step expects; Chromium puts it into the console too
  page.on('request', (r) => {
    if (new URL(r.url()).hostname !== '127.0.0.1') foreign.push(r.url());
  });
  page.on('framenavigated', () => visited.push(page.url()));
  page.on('console', (m) => {
    if (m.type() === 'error' && m.location().url !== announced) errors.push(m.text());
  });
  page.on('pageerror', (e) => errors.push(String(e)));
  page.setDefaultTimeout(15000);
  let done = 0;
  try {
    for (const s of steps) {
      if (s.do === 'open') {
        const want = s.status ?? 200;
        announced = want >= 400 ? s.url : '';
        const r = await page.goto(s.url);
        if (r.status() !== want) throw new Error(`the page answered ${r.status()}, not ${want}`);
      }
      else if (s.do === 'click') {
        announced = s.refused ?? '';
        await page.getByRole(s.role ?? 'button', { name: s.text }).first().click();
      }
      else if (s.do === 'open-details') await page.getByText(s.text, { exact: false }).first().click();
      else if (s.do === 'fill') await page.getByLabel(s.label).first().fill(s.value);
      else if (s.do === 'upload') await page.getByLabel(s.label).first().setInputFiles(s.files);
      else if (s.do === 'upload-here') await page.locator(':focus').setInputFiles(s.files);
      else if (s.do === 'read') read.push(await page.getByLabel(s.label).first().inputValue());
      else if (s.do === 'open-for') {
        while (await page.evaluate(() => performance.now()) < s.ms) await page.waitForLoadState('load');
      }
      else if (s.do === 'choose') await page.getByLabel(s.label).first().selectOption({ label: s.option });
      else if (s.do === 'check') await page.getByLabel(s.label).first().check();
      else if (s.do === 'absent') {
        if (await page.getByText(s.text, { exact: false }).count()) throw new Error(`it says ${s.text}`);
      } else if (s.do === 'download') {
        const link = page.getByRole('link', { name: s.text }).first();
        const [d] = await Promise.all([page.waitForEvent('download'), link.click()]);
        const r = await context.request.get(d.url());
        const bytes = readFileSync(await d.path());
        downloads.push({ name: d.suggestedFilename(), text: bytes.toString('utf8'),
          sha256: createHash('sha256').update(bytes).digest('hex'),
          status: r.status(), headers: r.headers() });
      } else if (s.do === 'expect') await page.getByText(s.text, { exact: false }).first().waitFor();
      else if (s.do === 'size') await page.setViewportSize({ width: s.width, height: s.height });
      else if (s.do === 'scheme') await page.emulateMedia({ colorScheme: s.name });
      else if (s.do === 'media') await page.emulateMedia({ media: s.name });
      else if (s.do === 'hidden') {
        if (await page.getByText(s.text).first().isVisible()) throw new Error(`${s.text} is to be seen`);
      } else if (s.do === 'shot') await page.screenshot({ path: s.file, fullPage: s.full ?? true });
      else if (s.do === 'no-sideways') {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) throw new Error(`the page is ${wide} px wider than the window`);
      } else if (s.do === 'axe') await axe();
      else if (s.do === 'light') {
        if (bytes > s.max) throw new Error(`the page needs ${bytes} bytes`);
      } else if (s.do === 'press') {
        announced = s.refused ?? '';
        await page.keyboard.press(s.key);
      }
      else if (s.do === 'tab') await tab(s.to, s.as);
      else if (s.do === 'type') await page.keyboard.type(s.text);
      else if (s.do === 'double-click') await page.getByRole('button', { name: s.text }).first().dblclick();
      else if (s.do === 'run') execFileSync(s.argv[0], s.argv.slice(1), { stdio: 'pipe' });
      else if (s.do === 'forget') await context.clearCookies();
      else if (s.do === 'value') {
        const got = await page.getByLabel(s.label).first().inputValue();
        if (got !== s.value) throw new Error(`in ${s.label} stands ${JSON.stringify(got)}`);
      } else throw new Error(`unknown step ${s.do}`);
      done += 1;
    }
    if (state) await context.storageState({ path: state });
    return { ok: true, url: page.url(), foreign, errors, downloads, visited, read };
  } catch (e) {
    return { ok: false, step: done, what: steps[done], why: String(e).slice(0, 4000), url: page.url(),
      text: (await page.locator('body').innerText().catch(() => '')).slice(0, 1500) };
  } finally {
    await context.close();
  }
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await told(JSON.parse(line))));
await browser.close();
