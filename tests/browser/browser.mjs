// What the browser tests share: Chromium on the stage's names, people who sign in, and two checks every
// page has to pass.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const stage = JSON.parse(process.env.SEKISHO_STAGE);
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const url = (app, path = '/') => `https://${app}.${stage.domain}:${stage.port}${path}`;

export async function launch() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((p) => fs.existsSync(p));
  assert.ok(executablePath, 'Chromium is installed');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP *.corp.example 127.0.0.1`,
      `--ignore-certificate-errors-spki-list=${stage.spki.join(',')}`],
  });
}

// A profile of its own, in a language, with the page's complaints collected.
export async function profile(browser, { locale = 'en-US', ...more } = {}) {
  const context = await browser.newContext({ locale, ...more });
  context.complaints = [];
  context.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|403|404)/.test(message.text())) context.complaints.push(message.text());
  });
  return context;
}

function base32(text) {
  let bits = '';
  for (const letter of text.replace(/[\s=]/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

export function code(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = crypto.createHmac('sha1', base32(secret)).update(counter).digest();
  const start = mac[19] & 15;
  return String((mac.readUInt32BE(start) & 0x7fffffff) % 1e6).padStart(6, '0');
}

// The next code this account has not used; one step ahead of the clock is still accepted.
export async function nextCode(account) {
  const now = () => Math.floor(Date.now() / 30000);
  const step = Math.max(now(), (account.last ?? -1) + 1);
  while (step > now() + 1) await new Promise((done) => setTimeout(done, 500));
  account.last = step;
  return code(account.secret, step);
}

export const field = (page, purpose) => page.locator(`input[autocomplete~="${purpose}"]`);
export const submit = async (page, input) => {
  const form = page.locator('form', { has: input });
  await Promise.all([page.waitForLoadState('load'), form.locator('button:not([type=button]),input[type=submit]').first().click()]);
  await page.waitForLoadState('load');
};

// Answers whatever sign-in form stands in the way; `each` sees every page first.
export async function signIn(page, account, target, each = async () => {}) {
  await page.goto(target);
  for (let turn = 0; turn < 4; turn++) {
    const name = field(page, 'username'), password = field(page, 'current-password'), oneTime = field(page, 'one-time-code');
    const wanted = [];
    if (await name.count()) wanted.push([name.first(), account.name]);
    if (await password.count()) wanted.push([password.first(), account.password]);
    if (await oneTime.count()) wanted.push([oneTime.first(), await nextCode(account)]);
    if (!wanted.length) {
      // The portal's step page leads on by itself.
      await page.waitForURL((where) => !where.pathname.startsWith('/.sekisho/continue'));
      return;
    }
    await each(page);
    for (const [input, value] of wanted) await input.fill(value);
    await submit(page, wanted.at(-1)[0]);
  }
}

// No violation of WCAG 2.2 AA, in light and in dark, and no scrolling sideways on a narrow screen.
// Without motion: a colour half way is nobody's choice.
export async function accessible(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${page.url()} at 320 px`);
  await page.setViewportSize(size);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(axe);
    const result = await page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
    const found = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ').slice(0, 200)}`);
    assert.deepEqual(found, [], `${page.url()} in ${colorScheme}`);
  }
}

// Japanese is drawn as letters: two characters differ from each other and from the box for a missing glyph.
export async function glyphs(page) {
  const drawn = await page.evaluate(() => ['関', '所', '\uE83A', '\u{10FFFD}'].map((sign) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 48;
    const pen = canvas.getContext('2d');
    pen.font = '40px ' + getComputedStyle(document.body).fontFamily;
    pen.fillText(sign, 4, 40);
    return Array.from(pen.getImageData(0, 0, 48, 48).data).join();
  }));
  assert.notEqual(drawn[0], drawn[1], 'two different characters look the same: no Japanese font');
  assert.notEqual(drawn[0], drawn[2], 'a Japanese character is drawn as a missing glyph');
  assert.notEqual(drawn[1], drawn[3]);
}
