// @ts-check
// Debian's Firefox, driven over WebDriver BiDi: just what these tests need of it. Playwright drives only Firefox builds
// of its own or later than the extended support release.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WebSocket } from 'ws';

import { until } from './wait.mjs';

const EXECUTABLE = process.env.PHAROS_FIREFOX ?? '/usr/bin/firefox-esr';

/** So that it talks to nobody but the tests. */
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.systemAddon.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.server': 'data:,',
};

/** Starts a headless Firefox with a new, empty profile. */
export async function launchFirefox() {
  const profile = await mkdtemp(join(tmpdir(), 'pharos-firefox-'));
  const preferences = Object.entries(PREFERENCES)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
    .join('\n');
  await writeFile(join(profile, 'user.js'), preferences);
  const args = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile];
  const child = spawn(EXECUTABLE, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const close = async () => {
    child.kill('SIGTERM');
    await closed;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await until('Firefox to listen', () => /BiDi listening on (ws:\S+)/.exec(said)?.[1], {
      withinMs: 30_000,
    });
    const session = await Session.connect(`${address}/session`);
    return { openTab: () => Tab.open(session), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Commands, their answers, and what the browser tells unasked. */
class Session {
  #socket;
  #count = 0;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  /** @type {((method: string, params: any) => void)[]} */
  listeners = [];

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(JSON.parse(String(data))));
  }

  /** @param {string} address */
  static async connect(address) {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const session = new Session(socket);
    await session.send('session.new', { capabilities: {} });
    await session.send('session.subscribe', { events: ['log.entryAdded'] });
    return session;
  }

  /** @param {string} method @param {object} params @returns {Promise<any>} */
  send(method, params) {
    const id = ++this.#count;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** @param {any} message */
  #take({ type, id, method, params, result, error, message }) {
    if (type === 'event') return this.listeners.forEach((tell) => tell(method, params));
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === 'success') waiting?.resolve(result);
    else waiting?.reject(new Error(`${error}: ${message}`));
  }
}

/** A tab with cookies and storage of its own. */
class Tab {
  /** Uncaught errors of its pages. @type {string[]} */
  errors = [];
  #session;
  #context;
  #user;

  /** @param {Session} session @param {string} context @param {string} user */
  constructor(session, context, user) {
    this.#session = session;
    this.#context = context;
    this.#user = user;
    session.listeners.push((method, { source, type, level, text }) => {
      if (method !== 'log.entryAdded' || source.context !== context) return;
      if (type === 'javascript' && level === 'error') this.errors.push(text);
    });
  }

  /** @param {Session} session */
  static async open(session) {
    const { userContext } = await session.send('browser.createUserContext', {});
    const { context } = await session.send('browsingContext.create', { type: 'tab', userContext });
    return new Tab(session, context, userContext);
  }

  /** @param {string} url */
  async goto(url) {
    await this.#session.send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** What an expression or its promise comes to, as far as JSON can hold it. @param {string} expression */
  async evaluate(expression) {
    const { type, result, exceptionDetails } = await this.#session.send('script.evaluate', {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (type === 'exception') throw new Error(`in the page: ${exceptionDetails.text}`);
    return JSON.parse(result.value);
  }

  async close() {
    await this.#session.send('browser.removeUserContext', { userContext: this.#user });
  }
}
