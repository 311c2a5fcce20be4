// Goal: a person in either language gets from an app's address to the app, on pages that are accessible,
// small, quiet in the console, and work without script.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, code, field, glyphs, launch, nextCode, profile, signIn, stage, submit, url } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

const WORDS = {
  'en-US': { lang: 'en', signIn: 'Sign in', out: 'Sign out' },
  'ja-JP': { lang: 'ja', signIn: 'サインイン', out: 'サインアウト' },
};

for (const [locale, words] of Object.entries(WORDS)) {
  test(`from an app's address through sign-in to the app and the portal, in ${words.lang}`, async () => {
    const context = await profile(browser, { locale });
    const page = await context.newPage();
    const seen = [];
    await signIn(page, stage.accounts[`flow-${words.lang}`], url('wiki', '/page'), async (each) => {
      if (!seen.length) assert.ok((await each.locator('h1').textContent()).includes(words.signIn));
      seen.push(await each.title());
      assert.equal(await each.locator('html').getAttribute('lang'), words.lang);
      assert.ok(new URL(each.url()).hostname.startsWith('portal.'));
      await accessible(each);
      await glyphs(each);
    });
    assert.equal(seen.length, 2, 'account and password, then the code');
    assert.equal(page.url(), url('wiki', '/page'));
    assert.equal(await page.locator('h1').textContent(), 'The app');

    await page.goto(url('portal'));
    assert.ok((await page.content()).includes(words.out));
    for (const app of ['wiki', 'files']) assert.ok(await page.locator(`a[href*="//${app}."]`).count(), `the portal lists ${app}`);
    await accessible(page);
    await glyphs(page);
    const links = await page.locator(`a[href^="/.sekisho/"], a[href^="${url('portal', '/.sekisho/')}"]`).evaluateAll((all) => all.map((a) => a.href));
    for (const link of new Set(links)) {
      await page.goto(link);
      await accessible(page);
    }
    assert.deepEqual(context.complaints, []);
    await context.close();
  });

  test(`a second token for codes is added, named and removed, in ${words.lang}`, async () => {
    const context = await profile(browser, { locale });
    const page = await context.newPage();
    await signIn(page, stage.accounts[`codes-${words.lang}`], url('portal'));
    await page.goto(url('portal', '/.sekisho/account/codes'));
    const rows = page.locator('ul.rows > li');
    assert.equal(await rows.count(), 1);
    const pages = [page.url(), url('portal', '/.sekisho/account/codes/new?kind=counter'), url('portal', '/.sekisho/account/codes/new')];
    for (const address of pages) {
      await page.goto(address);
      await accessible(page);
      await glyphs(page);
    }
    const secret = (await page.content()).replace(/<[^>]+>/g, '\n').match(/\b(?:[A-Z2-7]{4}[ \u00a0]?){6,16}/)[0].replace(/[\s\u00a0]/g, '');
    await page.locator('input[name="name"]').fill('予備の電話');
    await field(page, 'one-time-code').fill(code(secret, Math.floor(Date.now() / 30000)));
    await submit(page, field(page, 'one-time-code'));
    assert.equal(await rows.count(), 2);
    await accessible(page);
    await glyphs(page);
    const added = rows.filter({ hasText: '予備の電話' });
    await added.locator('button.end').click();
    await page.waitForLoadState('load');
    assert.equal(await rows.count(), 1);
    assert.deepEqual(context.complaints, []);
    await context.close();
  });

  test(`who is on duty sees the state of the gateway, in ${words.lang}`, async () => {
    const context = await profile(browser, { locale });
    const page = await context.newPage();
    await signIn(page, stage.accounts[`duty-${words.lang}`], url('portal'));
    await page.locator('nav a[href$="/.sekisho/ops"]').click();
    assert.equal(await page.locator('table').count(), 2);
    assert.equal(await page.locator('svg.gauge').count(), await page.locator('table').first().locator('tbody tr').count());
    await accessible(page);
    await glyphs(page);
    assert.deepEqual(context.complaints, []);
    await context.close();
  });

  test(`a refusal says what to do and shows a number to quote, in ${words.lang}`, async () => {
    const context = await profile(browser, { locale });
    const page = await context.newPage();
    const account = stage.accounts.refused;
    await signIn(page, account, url('wiki', '/page'));
    const answer = await page.goto(url('wiki', '/secret/'));
    assert.equal(answer.status(), 403);
    assert.match(await page.locator('main').textContent(), /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
    assert.equal(await page.locator('html').getAttribute('lang'), words.lang);
    assert.ok(!(await page.content()).includes('no-secret'), 'the rule has no name for those it refuses');
    await accessible(page);
    const missing = await page.goto(url('ledger'));
    assert.ok([403, 404].includes(missing.status()));
    await accessible(page);
    await context.close();
  });
}

test('activation by the link: password, second factor, recovery codes', async () => {
  const context = await profile(browser, { locale: 'ja-JP' });
  const page = await context.newPage();
  await page.goto(stage.link);
  let secret, used = false, recovery = false;
  for (let turn = 0; turn < 6; turn++) {
    await accessible(page);
    await glyphs(page);
    secret ??= (await page.content()).replace(/<[^>]+>/g, '\n').match(/\b(?:[A-Z2-7]{4}[ \u00a0]?){6,16}/)?.[0].replace(/[\s\u00a0]/g, '');
    recovery ||= used && /(?:[0-9A-Za-z]{4,5}-){1,3}[0-9A-Za-z]{4,5}/.test(await page.locator('main').textContent());
    if (recovery) break;
    const password = field(page, 'new-password'), oneTime = field(page, 'one-time-code');
    if (await password.count()) {
      for (const input of await password.all()) await input.fill('とても長いあいことば 2026');
      await submit(page, password.first());
    } else if (await oneTime.count()) {
      assert.ok(secret, 'the secret is there for those who cannot scan');
      assert.ok(await page.locator('svg[role="img"], svg[aria-label], figure svg').count(), 'a QR code is drawn');
      await oneTime.fill(code(secret, Math.floor(Date.now() / 30000)));
      used = true;
      await submit(page, oneTime);
    } else break;
  }
  assert.ok(secret && used && recovery, 'the whole way was walked');
  assert.deepEqual(context.complaints, []);
  await context.close();
});

test('everything works without script', async () => {
  const context = await profile(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, stage.accounts.plain, url('portal'));
  assert.ok((await page.content()).includes('Sign out'));
  await context.close();
});

test('ten tabs opened at once all end signed in', async () => {
  const context = await profile(browser);
  const tabs = await Promise.all(Array.from({ length: 10 }, () => context.newPage()));
  await Promise.all(tabs.map((tab, number) => tab.goto(url('wiki', `/tab${number}`))));
  await signIn(tabs[0], stage.accounts.tabs, url('wiki', '/tab0'));
  for (const [number, tab] of tabs.entries()) {
    await tab.reload();
    if (!(await tab.content()).includes('The app')) await tab.goto(url('wiki', `/tab${number}`));
    assert.equal(await tab.locator('#path').textContent(), `/tab${number}`);
  }
  await context.close();
});

test('the Back button, half way through a sign-in and after it, ends signed in', async () => {
  const context = await profile(browser);
  const page = await context.newPage();
  const refused = [];
  page.on('response', (answer) => { if (answer.status() === 403) refused.push(answer.url()); });
  const account = stage.accounts.back;
  const password = async () => {
    await field(page, 'username').first().fill(account.name);
    await field(page, 'current-password').fill(account.password);
    await submit(page, field(page, 'current-password'));
  };
  await page.goto(url('wiki', '/page'));
  await password();
  assert.equal(await field(page, 'one-time-code').count(), 1);
  await page.goBack();
  await password();  // the first form again
  await field(page, 'one-time-code').fill(await nextCode(account));
  await submit(page, field(page, 'one-time-code'));
  await page.waitForURL(url('wiki', '/page'));

  // All the way back. What a form answered is not kept: Chromium shows a page of its own there, and a person goes on.
  for (let step = 0; step < 6; step++) {
    await page.goBack().catch(() => {});
    await page.waitForLoadState('load').catch(() => {});
    if (page.url().startsWith('chrome-error:') || page.url() === 'about:blank') continue;
    if (await field(page, 'current-password').count()) await password();
    assert.equal(await field(page, 'one-time-code').count(), 0, 'a code is not asked for twice');
  }
  await page.goto(url('wiki', '/page'));
  assert.equal(await page.locator('h1').textContent(), 'The app');
  assert.deepEqual(refused, []);
  await context.close();
});
