// @ts-check
// A TCP proxy between the server and PostgreSQL that can break the connection in every way a network does.
// It never changes a byte; it delays, withholds and cuts.

import { connect, createServer } from 'node:net';
import { once } from 'node:events';

export class Proxy {
  /** @type {Set<import('node:net').Socket>} */ #sockets = new Set();
  #server = this.#listener();
  #targetPort;
  #delayMs = 0;
  /** Held back while a promise is here: what goes to the database, what comes from it. */
  /** @type {{ up: Promise<void> | null, down: Promise<void> | null }} */
  #held = { up: null, down: null };
  #release = () => {};
  port = 0;

  /** @param {number} targetPort On 127.0.0.1. */
  constructor(targetPort) {
    this.#targetPort = targetPort;
  }

  /** @param {number} targetPort */
  static async start(targetPort) {
    const proxy = new Proxy(targetPort);
    await proxy.accept();
    return proxy;
  }

  /** Resets every connection there is. New ones are accepted. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Refuses new connections and resets the present ones. */
  async refuse() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  /** Accepts connections again. */
  async accept() {
    this.#server = this.#listener();
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    this.port = port;
  }

  /** @param {number} ms Every piece of data waits this long. 0 ends it. */
  delay(ms) {
    this.#delayMs = ms;
  }

  /**
   * Withholds data without closing anything, as a network that swallows packets.
   * @param {'both' | 'answers'} what `answers`: statements still arrive and are done.
   */
  stall(what) {
    const held = new Promise((resolve) => (this.#release = () => resolve(undefined)));
    const gate = /** @type {Promise<void>} */ (held);
    this.#held = { up: what === 'both' ? gate : null, down: gate };
  }

  /** Lets withheld data go on its way. */
  flow() {
    this.#held = { up: null, down: null };
    this.#release();
  }

  async stop() {
    this.flow();
    await this.refuse();
  }

  #listener() {
    return createServer((client) => {
      const database = connect(this.#targetPort, '127.0.0.1');
      this.#carry(client, database, 'up');
      this.#carry(database, client, 'down');
    });
  }

  /**
   * @param {import('node:net').Socket} from
   * @param {import('node:net').Socket} to
   * @param {'up' | 'down'} way
   */
  #carry(from, to, way) {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => {}); // A reset is followed by `close`.
    from.once('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    const pump = async () => {
      for await (const chunk of from) {
        if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
        await this.#held[way];
        if (!to.writable) return;
        if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      to.end();
    };
    pump().catch(() => to.destroy());
  }
}
