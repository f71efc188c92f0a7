// A page of ladders in headless Chromium: says as one line of JSON what a person would see, and takes screenshots.
//
//   node ladder_page.mjs PACKAGES CHROMIUM PAGE [SCREENSHOT]
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [packages, chromium, page, screenshot] = process.argv.slice(2);
const { chromium: driver } = createRequire(join(packages, 'node_modules', 'index.js'))('playwright-core');
const browser = await driver.launch({ executablePath: chromium, args: ['--no-sandbox'] });
const view = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme: 'light' });
const wrong = [], fetched = [];
view.on('pageerror', (error) => wrong.push(String(error)));
view.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
view.on('request', (request) => fetched.push(request.url()));
await view.goto(pathToFileURL(page).href);

const texts = (selector) => view.locator(selector).allTextContents();
const panel = () => view.locator('aside').innerText();
const seen = { scenarios: await texts('nav button'), failed: await texts('nav button.failed') };
async function look() {
  return {
    title: await view.title(), prose: await view.locator('.prose').innerText(),
    failure: (await view.locator('.failure').isVisible()) ? await view.locator('.failure').innerText() : '',
    lanes: await texts('.lanes text'), labels: await texts('.row svg text'), times: await texts('.row .time'),
    lost: await texts('.row.lost svg text'), notes: await texts('.note:not(.event)'), panel: await panel(),
    open_messages: await view.locator('.message:visible').count(),
  };
}
seen.first = await look();
if (seen.scenarios.length > 1) {
  await view.locator('nav input').fill('lost');
  seen.found = await texts('nav li:not([hidden]) button');
  await view.locator('nav li:not([hidden]) button').last().click();
  seen.other = await look();
}
// The cursor: down twice, then the message under it, unfolded.
await view.locator('main').click({ position: { x: 4, y: 4 } });
await view.keyboard.press('ArrowDown');
await view.keyboard.press('ArrowDown');
await view.keyboard.press('Enter');
seen.cursor = await look();
seen.message = await view.locator('.message:visible pre').first().innerText();
if (screenshot) await view.screenshot({ path: screenshot });
const rows = await view.locator('.row:visible').count();
await view.locator('#again').uncheck();
seen.hidden_repetitions = rows - await view.locator('.row:visible').count();
await view.locator('#events').check();
seen.events = await texts('.note.event:visible');
await browser.close();
process.stdout.write(JSON.stringify({ ...seen, wrong, fetched }) + '\n');
