// SPDX-License-Identifier: Apache-2.0
// Steps of a person in Chromium, told by a story as JSON on standard input; answers with JSON.
// {"steps":[{"do":"open","url":...,"status":403},{"do":"click","text":...,"role":"link",
//  "refused":"URL of the 4xx page it leads to"},
//  {"do":"open-details","text":...},{"do":"fill","label":...,"value":...},
//  {"do":"choose","label":...,"option":...},{"do":"expect","text":...},{"do":"absent","text":...},
//  {"do":"download","text":...},{"do":"shot","file":...},{"do":"size","width":...,"height":...},
//  {"do":"scheme","name":"dark"},{"do":"no-sideways"}],
//  "javascript":false,"state":"file that keeps the cookies from one run to the next"}
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
const require = createRequire(process.env.VULNDESK_NODE + '/');
const { chromium } = require('playwright-core');

const { steps, javascript = false, state = null } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ javaScriptEnabled: javascript,
  storageState: state && existsSync(state) ? state : undefined,
  viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
const page = await context.newPage();
const foreign = [], errors = [], downloads = [], visited = [];
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
    else if (s.do === 'check') await page.getByLabel(s.label).first().check();
    else if (s.do === 'choose') await page.getByLabel(s.label).first().selectOption({ label: s.option });
    else if (s.do === 'absent') {
      if (await page.getByText(s.text, { exact: false }).count()) throw new Error(`it says ${s.text}`);
    } else if (s.do === 'download') {
      const link = page.getByRole('link', { name: s.text }).first();
      const [d] = await Promise.all([page.waitForEvent('download'), link.click()]);
      const r = await context.request.get(d.url());
      downloads.push({ name: d.suggestedFilename(), text: readFileSync(await d.path(), 'utf8'),
        status: r.status(), headers: r.headers() });
    } else if (s.do === 'expect') await page.getByText(s.text, { exact: false }).first().waitFor();
    else if (s.do === 'size') await page.setViewportSize({ width: s.width, height: s.height });
    else if (s.do === 'scheme') await page.emulateMedia({ colorScheme: s.name });
    else if (s.do === 'shot') await page.screenshot({ path: s.file, fullPage: s.full ?? true });
    else if (s.do === 'no-sideways') {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) throw new Error(`the page is ${wide} px wider than the window`);
    } else throw new Error(`unknown step ${s.do}`);
    done += 1;
  }
  if (state) await context.storageState({ path: state });
  console.log(JSON.stringify({ ok: true, url: page.url(), foreign, errors, downloads, visited }));
} catch (e) {
  console.log(JSON.stringify({ ok: false, step: done, what: steps[done], why: String(e).slice(0, 600),
    url: page.url(), text: (await page.locator('body').innerText()).slice(0, 1500) }));
}
await browser.close();
