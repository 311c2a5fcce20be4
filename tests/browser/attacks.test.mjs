// Goal: an app's own script, and a neighbour's, gain nothing (R2, R3, R10, R29). Method: the attacks run in
// a real browser, on names whose hosts are the same site, from pages of apps behind the gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, profile, signIn, stage, url } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

const portalStillOpen = async (page) => {
  await page.goto(url('portal'));
  return !(await page.locator('input[autocomplete~="current-password"], input[autocomplete~="username"]').count());
};

test('R2: flooding the jar, planting a cookie and reading the callback give no session', async () => {
  const context = await profile(browser);
  const page = await context.newPage();
  await signIn(page, stage.accounts.chain, url('wiki', '/page'));
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/worker.js', { scope: '/' });
    await navigator.serviceWorker.ready;
  });
  // The script throws our cookie out by flooding, then tries to plant its own in its place.
  await page.evaluate(() => {
    for (let n = 0; n < 400; n++) document.cookie = `flood${n}=${'x'.repeat(100)}; Secure; Path=/`;
    return document.cookie.length;  // reading waits until the writes are done
  });
  const kept = (await context.cookies(url('wiki'))).filter((c) => c.name.startsWith('__Host-'));
  assert.deepEqual(kept, [], 'the flood threw our cookie out: the attack got this far');
  await page.evaluate(() => {
    for (const name of ['__Host-Http-sekisho', '__Host-Http-sekisho-tx']) document.cookie = `${name}=v1.planted; Secure; Path=/`;
    for (let n = 0; n < 400; n++) document.cookie = `flood${n}=; Max-Age=0; Secure; Path=/`;
  });
  const planted = (await context.cookies(url('wiki'))).filter((c) => c.value === 'v1.planted');
  assert.deepEqual(planted, [], 'the browser let script write a cookie of ours');
  // The next visit hands over a new code; the worker may have seen its address. The jar is one for all hosts
  // of the domain, so the flood may have ended the portal's session too: a nuisance, and no more.
  await signIn(page, stage.accounts.chain, url('wiki', '/page'));
  assert.equal(await page.locator('h1').textContent(), 'The app');
  const seen = await page.evaluate(async () => (await (await caches.open('seen')).match('/seen'))?.text());
  assert.match(seen ?? '', /callback\?code=/, 'the worker read the code: the attack got this far');
  const thief = await profile(browser);
  const answer = await (await thief.newPage()).goto(seen);
  assert.notEqual(answer.status(), 200);
  assert.deepEqual((await thief.cookies(url('wiki'))).filter((c) => c.name === '__Host-Http-sekisho'), []);
  await thief.close();
  await context.close();
});

test('R3: a sibling cannot post to the portal nor open another app’s WebSocket', async () => {
  const context = await profile(browser);
  const page = await context.newPage();
  await signIn(page, stage.accounts.neighbour, url('files', '/page'));
  await page.goto(url('wiki', '/page'));
  const portal = await context.newPage();
  await portal.goto(url('portal', '/.sekisho/sign-out'));
  const action = await portal.locator('form[action*="sign-out"], form[action*="signout"]').first().evaluate((f) => f.action);
  await page.goto(url('files', '/page'));
  const posted = page.waitForResponse((r) => r.request().method() === 'POST' && r.url() === action);
  await page.evaluate((where) => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = where;
    form.innerHTML = '<input name="token" value="guessed"><input name="where" value="everywhere">';
    document.body.append(form);
    form.submit();
  }, action);
  assert.equal((await posted).status(), 403);
  await page.waitForLoadState('load');
  assert.ok(await portalStillOpen(portal), 'a sibling signed the person out');

  await page.goto(url('files', '/page'));
  const opened = await page.evaluate((where) => new Promise((done) => {
    const socket = new WebSocket(where);
    socket.onopen = () => done(true);
    socket.onerror = socket.onclose = () => done(false);
  }), url('wiki', '/room').replace('https', 'wss'));
  assert.equal(opened, false, 'a sibling opened a WebSocket with the cookie of another app');

  const own = await context.newPage();
  await own.goto(url('wiki', '/page'));
  const mine = await own.evaluate((where) => new Promise((done) => {
    const socket = new WebSocket(where);
    socket.onopen = () => done(true);
    socket.onerror = socket.onclose = () => done(false);
  }), url('wiki', '/room').replace('https', 'wss'));
  assert.equal(mine, true, 'the app’s own page may');

  const fetched = (from, where) => from.evaluate(async (there) => {
    try { return (await fetch(there, { credentials: 'include', mode: 'no-cors' })).type; } catch { return 'failed'; }
  }, where);
  assert.equal(await fetched(page, url('portal', '/')), 'failed', 'a sibling loads nothing of the portal');
  assert.equal(await fetched(page, url('wiki', '/page')), 'failed', 'nor of another app, though the cookie comes along');
  assert.equal(await fetched(own, url('wiki', '/page')), 'basic', 'the app’s own page may');
  await context.close();
});

test('R10: an app’s response does not reach the portal’s cookies', async () => {
  const context = await profile(browser);
  const page = await context.newPage();
  await signIn(page, stage.accounts.reach, url('wiki', '/page'));
  const before = (await context.cookies(url('portal'))).map((c) => c.name).sort();
  await page.goto(url('wiki', '/reaching'));
  assert.ok((await context.cookies(url('wiki'))).some((c) => c.name === 'own'), 'the app sets cookies of its own');
  const after = (await context.cookies(url('portal'))).map((c) => c.name).sort();
  assert.deepEqual(after, before);
  assert.ok(await portalStillOpen(page));
  await context.close();
});

test('R29: a sibling’s cookie with a lookalike name is not taken for ours', async () => {
  const context = await profile(browser);
  const page = await context.newPage();
  await signIn(page, stage.accounts.space, url('wiki', '/page'));
  await page.evaluate((domain) => {
    for (const name of ['\u2000__Host-Http-sekisho-sso', '\u00a0__Host-Http-sekisho-sso', '__host-http-sekisho-sso']) {
      document.cookie = `${name}=v1.lookalike; Domain=${domain}; Path=/; Secure`;
    }
  }, stage.domain);
  const atPortal = await context.cookies(url('portal'));
  const lookalikes = atPortal.filter((c) => c.value === 'v1.lookalike');
  assert.ok(lookalikes.length >= 2, 'the browser sends them to the portal: the attack got this far');
  assert.ok(await portalStillOpen(page), 'the lookalike signed the person out');
  // Even a true value opens nothing under such a name.
  const { value } = atPortal.find((c) => c.name === '__Host-Http-sekisho-sso');
  const stranger = await profile(browser);
  await stranger.addCookies(lookalikes.map((c) => ({ ...c, value })));
  assert.equal((await stranger.cookies(url('portal'))).length, lookalikes.length);
  const alone = await stranger.newPage();
  assert.equal(await portalStillOpen(alone), false);
  await stranger.close();
  await context.close();
});
