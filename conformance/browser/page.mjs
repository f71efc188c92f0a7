// A page with JsSIP, in headless Chromium, driven by lines: commands come on standard input, events go to standard output.
//
//   node page.mjs PACKAGES PORT WSS_URL COOKIE ADDRESS_OF_RECORD CHROMIUM
//
// PACKAGES is a folder with node_modules; the page is served at https://localhost:PORT, which is its Origin, by edge.pem and
// edge.key, with the COOKIE "NAME=VALUE", which goes to other ports of localhost, too. Commands: "call URI", "hang-up", "vanish". Events:
// "registered", "refused …", "ringing", "confirmed", "ended …", "declined", "gone", "error …".
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const [packages, port, url, cookie, addressOfRecord, chromium] = process.argv.slice(2);
const require = createRequire(join(packages, 'node_modules', 'index.js'));
const say = (line) => process.stdout.write(line + '\n');

// All modules that `entry` needs, as one script that defines `JsSIP`: what a bundler does, without its packages.
function bundle(entry) {
  const modules = new Map();
  const add = (file) => {
    if (modules.has(file)) return;
    const source = readFileSync(file, 'utf8');
    const links = {};
    modules.set(file, { source, links });
    if (file.endsWith('.json')) return;
    const local = createRequire(file);
    for (const [, name] of source.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)) {
      links[name] = resolve(local, name);
      if (links[name]) add(links[name]);
    }
  };
  add(entry);
  const table = [...modules].map(([file, { source, links }]) => {
    const body = file.endsWith('.json') ? `module.exports = ${source};` : source;
    return `${JSON.stringify(file)}: [function (require, module, exports) {${body}\n}, ${JSON.stringify(links)}]`;
  });
  return `const JsSIP = (() => {
    const process = { env: {} };
    const table = {${table.join(',\n')}}, loaded = {};
    const load = (file) => {
      if (loaded[file]) return loaded[file].exports;
      const module = loaded[file] = { exports: {} };
      const [run, links] = table[file];
      run((name) => load(links[name]), module, module.exports);
      return module.exports;
    };
    return load(${JSON.stringify(entry)});
  })();`;
}

// What a package has for browsers, by the "browser" field of its description.
function resolve(local, name) {
  const bare = name.replace(/\/$/, '');
  let file = bare.startsWith('.') || !(bare in { events: 1 }) ? local.resolve(bare) : join(packages, 'node_modules', bare, `${bare}.js`);
  if (bare === 'debug') file = join(dirname(file), 'browser.js');
  return file.startsWith('/') ? file : null;
}

const script = `
  const say = (line) => window.report(line);
  const agent = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(${JSON.stringify(url)})],
                               uri: ${JSON.stringify(addressOfRecord)}, session_timers: false });
  let session;
  agent.on('registered', () => say('registered'));
  agent.on('registrationFailed', (event) => say('refused ' + event.cause));
  agent.on('newRTCSession', ({ originator, session: incoming }) => {
    if (originator !== 'remote') return;
    incoming.on('failed', () => say('declined'));
    incoming.terminate({ status_code: 486 });
  });
  window.call = (uri) => {
    session = agent.call(uri, { mediaConstraints: { audio: true, video: false }, eventHandlers: {
      progress: () => say('ringing'), confirmed: () => say('confirmed'),
      ended: (event) => say('ended ' + event.cause), failed: (event) => say('ended ' + event.cause) } });
  };
  window.hangUp = () => session.terminate();
  agent.start();`;

const page = `<!doctype html><title>phone</title><script>${bundle(require.resolve('jssip'))}</script><script>${script}</script>`;

const { chromium: driver } = require('playwright-core');
const files = { cert: readFileSync('edge.pem'), key: readFileSync('edge.key') };
const server = createServer(files, (_, response) => response.setHeader('Content-Type', 'text/html; charset=utf-8')
    .setHeader('Set-Cookie', `${cookie}; Path=/; Secure; HttpOnly; SameSite=Lax`).end(page));
await new Promise((ready) => server.listen(Number(port), 'localhost', ready));
const profile = mkdtempSync(join(tmpdir(), 'browser-'));
const context = await driver.launchPersistentContext(profile, {
  executablePath: chromium,
  headless: true,
  ignoreHTTPSErrors: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--ignore-certificate-errors',
         '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const tab = await context.newPage();
tab.on('pageerror', (error) => say(`error ${error.message}`));
tab.on('console', (message) => process.stderr.write(`${message.text()}\n`));
await tab.exposeFunction('report', say);
await tab.goto(`https://localhost:${port}/`);

const commands = {
  call: (uri) => tab.evaluate((target) => window.call(target), uri),
  'hang-up': () => tab.evaluate(() => window.hangUp()),
  vanish: async () => { await tab.close(); say('gone'); },
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = line.split(' ');
  try {
    await commands[name](...rest);
  } catch (error) {
    say(`error ${error.message}`);
  }
}
await context.close();
server.close();
rmSync(profile, { recursive: true, force: true });
