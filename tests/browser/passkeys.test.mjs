// Goal: a passkey registers, signs in from the field's list and from the button, and confirms again; none of the
// ways to use one wrongly opens anything. Method: Chromium's virtual authenticator against the real program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, glyphs, launch, profile, signIn, stage, url } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

const OWN = '/.sekisho/account/passkeys';
const signInPage = url('portal', '/.sekisho/sign-in');
const signedIn = async (page) => (await page.context().cookies(url('portal'))).some((c) => c.name === '__Host-Http-sekisho-sso');
const button = (page) => page.locator('form[data-passkey] button').first();
const says = (page) => page.locator('[data-passkey-says]');

// A person with a virtual authenticator in a page of their own.
async function withKey(account, { locale = 'en-US' } = {}) {
  const context = await profile(browser, { locale });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true,
      hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  const set = (what, value) => cdp.send(`WebAuthn.set${what}`, { authenticatorId, ...value });
  await signIn(page, stage.accounts[account], url('portal'));
  return { context, page, set, close: () => context.close() };
}

async function register(page) {
  await page.goto(url('portal', OWN));
  await Promise.all([page.waitForURL(/done=added/), button(page).click()]);
}

async function signOut(page) {
  await page.goto(url('portal', '/.sekisho/sign-out'));
  await Promise.all([page.waitForURL(/signed-out/), page.locator('form[action$="/sign-out"] button').first().click()]);
  assert.ok(!await signedIn(page));
}

for (const [account, locale] of [['keys-en', 'en-US'], ['keys-ja', 'ja-JP']]) {
  test(`registers, signs in from the list, confirms again and is removed, in ${locale}`, async () => {
    const { context, page, close } = await withKey(account, { locale });
    await page.goto(url('portal', OWN));
    await accessible(page);
    await glyphs(page);
    await register(page);
    assert.equal(await page.locator('ul.rows > li').count(), 1);
    await accessible(page);

    // The authenticator answers the account field's question by itself, as if chosen from its list.
    await signOut(page);
    await page.goto(signInPage);
    await page.waitForURL(url('portal', '/'));
    assert.ok(await signedIn(page));

    await page.goto(url('portal', '/.sekisho/step-up?to=/.sekisho/sessions'));
    await accessible(page);
    await Promise.all([page.waitForURL(url('portal', '/.sekisho/sessions')), button(page).click()]);

    await page.goto(url('portal', OWN));
    await Promise.all([page.waitForURL(/done=removed/), page.locator('ul.rows form:has(input[name=remove]) button').click()]);
    assert.equal(await page.locator('ul.rows > li').count(), 0);
    assert.deepEqual(context.complaints, []);
    await close();
  });
}

test('signs in with the button on the way to an app, once for each question', async () => {
  const { context, page, set, close } = await withKey('keys-more');
  await register(page);
  await signOut(page);
  await set('AutomaticPresenceSimulation', { enabled: false });
  let sent;
  page.on('request', (request) => { if (request.url().endsWith('/.sekisho/passkey')) sent = request.postData(); });
  await page.goto(url('wiki', '/page'));
  await accessible(page);
  const clicked = button(page).click();
  await set('AutomaticPresenceSimulation', { enabled: true });
  await clicked;
  await page.waitForURL(url('wiki', '/page'));
  assert.equal(await page.locator('h1').textContent(), 'The app');

  // The same answer again, from the same browser: it has been given.
  await signOut(page);
  await set('AutomaticPresenceSimulation', { enabled: false });
  await page.goto(signInPage);
  const again = await page.evaluate(async (body) => {
    const answer = await fetch('/.sekisho/passkey', { method: 'POST', body: new URLSearchParams(body) });
    return answer.status;
  }, sent);
  assert.ok(again >= 400, `a replayed answer got ${again}`);
  assert.ok(!await signedIn(page));
  assert.deepEqual(context.complaints.filter((text) => !/status of 400/.test(text)), []);
  await close();
});

test('nothing opens without the person, for another site, or from inside another page', async () => {
  const { page, set, close } = await withKey('keys-wrong');
  await register(page);
  await signOut(page);

  // The browser refuses to go on when nobody is verified, and says so on the page.
  await set('UserVerified', { isUserVerified: false });
  await page.goto(signInPage);
  await button(page).click();
  await says(page).waitFor({ state: 'visible' });
  await accessible(page);

  // A page that asks for less than we do gets an answer without the person, and the portal refuses it.
  await page.addInitScript(() => {
    const plain = window.fetch;
    window.fetch = async (...of) => {
      const answer = await plain(...of);
      const change = JSON.parse(decodeURIComponent(location.hash.slice(1)) || 'null');
      if (!change || !String(of[0]).includes('/passkey/')) return answer;
      const question = await answer.json();
      Object.assign(question.publicKey, change);
      return new Response(JSON.stringify(question), { headers: { 'Content-Type': 'application/json' } });
    };
  });
  const changed = (change) => page.goto(`${signInPage}#${encodeURIComponent(JSON.stringify(change))}`, { waitUntil: 'commit' });
  // One answer and no more: the page that says no asks again by itself.
  const answerTo = async (change) => {
    await page.goto('about:blank');
    await set('AutomaticPresenceSimulation', { enabled: true });
    const [answer] = await Promise.all([
      page.waitForResponse((one) => one.url().endsWith('/.sekisho/passkey')),
      changed(change),
    ]);
    await set('AutomaticPresenceSimulation', { enabled: false });
    await page.waitForURL('**/.sekisho/passkey');
    return answer.status();
  };
  await set('AutomaticPresenceSimulation', { enabled: false });
  assert.equal(await answerTo({ userVerification: 'discouraged' }), 401);
  await set('UserVerified', { isUserVerified: true });

  // A question of another's.
  assert.equal(await answerTo({ challenge: 'A'.repeat(43) }), 401);

  // Another relying party: the browser does not let this page speak for it.
  await page.goto('about:blank');
  await changed({ rpId: `wiki.${stage.domain}` });
  await button(page).click();
  await says(page).waitFor({ state: 'visible' });
  await page.goto('about:blank');
  await page.goto(signInPage);
  assert.ok(!await signedIn(page));

  // Another origin: a neighbour's page can neither use the portal's passkey nor put the portal in a frame.
  await signIn(page, stage.accounts['keys-wrong'], url('wiki', '/page'));
  const outcome = await page.evaluate(async (rpId) => {
    try {
      await navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId, userVerification: 'required' } });
      return 'answered';
    } catch (error) { return error.name; }
  }, `portal.${stage.domain}`);
  assert.equal(outcome, 'SecurityError');
  const framed = await page.evaluate((src) => new Promise((done) => {
    const frame = Object.assign(document.createElement('iframe'), { src, allow: 'publickey-credentials-get *' });
    frame.onload = () => done(frame.contentDocument === null || frame.contentWindow.length === 0);
    document.body.append(frame);
  }), signInPage);
  assert.ok(framed);
  const inside = page.frames().find((frame) => frame !== page.mainFrame());
  assert.ok(!await inside.locator('form[data-passkey]').count(), 'the portal shows in nobody\'s frame');
  await close();
});
