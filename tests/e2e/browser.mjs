// SPDX-License-Identifier: Apache-2.0
// Steps of a person in Chromium, told by a story as JSON on standard input; answers with JSON.
// {"steps":[{"do":"open","url":...},{"do":"click","text":...},{"do":"fill","label":...,"value":...},
//  {"do":"expect","text":...},{"do":"shot","file":...},{"do":"size","width":...,"height":...},
//  {"do":"scheme","name":"dark"}]}
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const require = createRequire(process.env.VULNDESK_NODE + '/');
const { chromium } = require('playwright-core');

const { steps, javascript = true } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ javaScriptEnabled: javascript,
  viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
const foreign = [], errors = [];
page.on('request', (r) => { if (!r.url().startsWith('http://127.0.0.1')) foreign.push(r.url()); });
page.on('console', (m) => { if (m.type() === 'error') errors.push(m.text()); });
page.setDefaultTimeout(15000);
let done = 0;
try {
  for (const s of steps) {
    if (s.do === 'open') await page.goto(s.url);
    else if (s.do === 'click') await page.getByRole(s.role ?? 'button', { name: s.text }).first().click();
    else if (s.do === 'open-details') await page.getByText(s.text, { exact: false }).first().click();
    else if (s.do === 'fill') await page.getByLabel(s.label).first().fill(s.value);
    else if (s.do === 'expect') await page.getByText(s.text, { exact: false }).first().waitFor();
    else if (s.do === 'size') await page.setViewportSize({ width: s.width, height: s.height });
    else if (s.do === 'scheme') await page.emulateMedia({ colorScheme: s.name });
    else if (s.do === 'shot') await page.screenshot({ path: s.file, fullPage: s.full ?? true });
    else if (s.do === 'no-sideways') {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) throw new Error(`the page is ${wide} px wider than the window`);
    } else throw new Error(`unknown step ${s.do}`);
    done += 1;
  }
  console.log(JSON.stringify({ ok: true, url: page.url(), foreign, errors }));
} catch (e) {
  console.log(JSON.stringify({ ok: false, step: done, what: steps[done], why: String(e).slice(0, 600),
    url: page.url(), text: (await page.locator('body').innerText()).slice(0, 1500) }));
}
await browser.close();
