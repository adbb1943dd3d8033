// When batches leave, and what becomes of them. Joins the core (which events, what an answer means) with the
// outbox (what waits), the page (when) and the transport (how).
//
// One tab of a site sends at a time, one batch at a time. Nothing leaves the outbox without a verdict. What a
// page hands to the browser as it is left has none unless the page returns: the next page sends it again, and the
// ids tell the server.

import { type Core, REFUSED, VERDICTS } from './core.js';
import type { Debug } from './debug.js';
import { add, type Counts, type Losses } from './losses.js';
import type { Settings } from './options.js';
import { type Chunk, ORPHAN_MS, Outbox } from './outbox.js';
import { facts, type Sight, watch } from './page.js';
import { forget, isOn, keepSession, openSession, SESSION, type Session } from './session.js';
import type { Store } from './store.js';
import { type Answer, type Flight, later, leave, post, room } from './transport.js';

/** What a batch may hold at most: it is compressed, and the server takes 500 events and 1 MiB. */
const BATCH_EVENTS_MAX = 500;
const BATCH_BYTES_MAX = 256 * 1024;
/** So that, with the head of a batch, any chunk fits what a page may send as it is left (an event: 32 KiB). */
const CHUNK_BYTES_FULL = 20 * 1024;
/** A chunk this large is kept as the task ends, which is later than the call and sooner than the timer. */
const CHUNK_BYTES_ENOUGH = CHUNK_BYTES_FULL / 2;
/** A batch's head at most, its context being an address, a referrer and a title of 2,048 characters each. */
const HEAD_BYTES_MAX = 8 * 1024;

// What the one timer is set for, in the order of who overrides whom.
const NEVER = 0;
/** Events wait for others. */
const LINGER = 1;
/** A batch is complete. It leaves from a timer all the same: tracking must stay cheap. */
const SOON = 2;
/** A try failed. */
const RETRY = 3;

/**
 * What one tab takes from the storage, another may still see for a moment. Before a tab sends what another one may
 * have sent, it waits for so long, alone.
 */
const SETTLE_MS = 100;

/**
 * Events are kept as the task ends that tracked them; where many tasks track, once in so long: writing is what a
 * stream of events would cost most. A page that ends has time to keep them; one that crashes loses as much.
 */
const KEEP_MS = 100;

const LOST = 'lost';

/** Runs something of ours where an error of ours must not reach the page. */
export type Guard = (work: () => void) => void;

/** A batch, as it was sent. */
interface Batch {
  chunks: [Chunk, ...Chunk[]];
  /** Elements of a JSON array. */
  text: string;
  events: number;
  body: string;
  /** Others were there too, too many for one batch or of another context. */
  more: boolean;
  /** What it reports beside its events. */
  losses: Losses;
  redacted: Counts;
}

/** Sends the events of one page, and what pages before it left. */
export class Sender {
  readonly #core: Core;
  readonly #settings: Settings;
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #guarded: Guard;
  readonly #debug: Debug | undefined;
  readonly #unwatch: () => void;
  #session: Session | undefined;
  /** Events tracked and not yet in the outbox. */
  #events = 0;
  /** What will keep them. */
  #keeping: 'nothing' | 'timer' | 'end of the task' = 'nothing';
  #keptAt = 0;
  /** The address that the outbox's context is of. */
  #href: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = NEVER;
  #flight: Flight | undefined;
  /** What the flight carries. */
  #batch: Batch | undefined;
  /** This tab sends, or waits for another one to have sent. */
  #sending = false;
  /** The server said when to come back. */
  #told = false;
  /** Between `pagehide` and `pageshow`: timers may never fire again. */
  #left = false;
  /** What that costs has been counted. */
  #counted = false;
  /** Chunks now on their way, by name. */
  #out = new Set<string>();
  /** Not yet reported. */
  #losses: Losses = {};
  #redacted: Counts = {};
  #flushes: (() => void)[] = [];
  #paused: boolean;

  constructor(core: Core, settings: Settings, store: Store, guarded: Guard, debug?: Debug) {
    this.#core = core;
    this.#settings = settings;
    this.#store = store;
    this.#guarded = guarded;
    this.#debug = debug;
    this.#paused = settings.consent === 'pending';
    this.#outbox = new Outbox(store, (losses) => this.lose(losses));
    this.#open(Date.now());
    const unwatch = watch((sight) => guarded(() => this.#seen(sight)));
    const unfollow = store.watch(SESSION, () => guarded(() => this.#follow()));
    this.#unwatch = () => (unwatch(), unfollow());
    // Pages before this one left it, and nobody knows how long this one lives.
    if (this.#outbox.events) this.#sendIn(0, SOON);
  }

  get sessionId(): string {
    return this.#session?.id ?? '';
  }

  /** Tracks one event that happened at `now`; its properties are JSON. */
  track(name: string, properties: string, now: number): void {
    this.#open(now);
    if (this.#outbox.isFull(this.#events)) {
      this.lose({ queue_full: 1 });
      this.#debug?.refused(name, 'too many wait');
      return;
    }
    const bytes = this.#core.track(name, properties, now);
    if (bytes < 0) {
      this.lose({ invalid: 1 });
      this.#debug?.refused(name, this.#core.refusal());
      return;
    }
    this.#debug?.tracked(name, this.#core.redactions());
    this.#events++;
    if (bytes >= CHUNK_BYTES_FULL) this.#put();
    else this.#keepSoon(now, bytes >= CHUNK_BYTES_ENOUGH);
  }

  #keepSoon(now: number, enough: boolean): void {
    const since = now - this.#keptAt;
    if (this.#left || enough || since < 0 || since >= KEEP_MS) {
      if (this.#keeping !== 'end of the task') queueMicrotask(this.#keepGuarded);
      this.#keeping = 'end of the task';
    } else if (this.#keeping === 'nothing') {
      setTimeout(this.#keepGuarded, KEEP_MS - since);
      this.#keeping = 'timer';
    }
  }

  readonly #keepGuarded = () => this.#guarded(() => this.#keep());

  /** Sets who the user is from here on; an empty id forgets. */
  identify(id: string): void {
    this.#core.identify(id);
  }

  /** Ends the session: the next event begins another. */
  reset(): void {
    this.#keep();
    forget(this.#store);
    this.#session = undefined;
    this.#open(Date.now());
  }

  /** Counts lost events, to be reported with the next batch. */
  lose(losses: Losses): void {
    add(this.#losses, losses);
  }

  /** The visitor agreed: what waited may leave. */
  resume(): void {
    this.#paused = false;
    this.#store.persist();
    this.#arm();
  }

  /** Sends what waits. Settles when nothing waits any more, when a try failed, or when it is too early for one. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushes.push(resolve);
      this.#keep();
      if (this.#paused || (this.#told && this.#wake === RETRY)) this.settle();
      else this.#send();
    });
  }

  /** Tells whoever waits for a flush. */
  settle(): void {
    for (const resolve of this.#flushes.splice(0)) resolve();
  }

  /** Hands what waits to the browser, then ends. */
  stop(): void {
    this.#left = true;
    this.#leave();
    this.end();
  }

  /** Silence: no listener or timer remains. */
  end(): void {
    this.#unwatch();
    clearTimeout(this.#timer);
    this.#paused = true;
    this.#events = 0;
    this.settle();
  }

  /** Sees to it that an event at `now` gets its session. */
  #open(now: number): void {
    if (this.#session && isOn(this.#session, now)) {
      this.#session.last = now;
      return;
    }
    this.#put();
    this.#session = openSession(this.#store, now);
    this.#core.setSession(this.#session.id, this.#session.nextSeq);
  }

  /** Events go to the outbox, and leave when it is time. */
  #keep(): void {
    this.#put();
    if (this.#left) this.#leave();
    else this.#arm();
  }

  #put(): void {
    this.#keeping = 'nothing';
    if (!this.#events || !this.#session) return;
    if (location.href !== this.#href) {
      this.#href = location.href;
      this.#outbox.setContext(this.#core.context(facts()));
    }
    const text = this.#core.take();
    this.#outbox.add(text, this.#events, this.#core.bytes);
    this.#events = 0;
    this.#keptAt = Date.now();
    this.#session.nextSeq = this.#core.nextSeq();
    keepSession(this.#store, this.#session);
  }

  /** Another tab tracked: the session's numbers go on from there. */
  #follow(): void {
    if (this.#events) return;
    const session = openSession(this.#store, Date.now());
    if (session.id === this.#session?.id && session.nextSeq <= this.#core.nextSeq()) return;
    this.#session = session;
    this.#core.setSession(session.id, session.nextSeq);
  }

  #seen(sight: Sight): void {
    if (sight !== 'hidden') this.#left = sight === 'left';
    if (sight !== 'back') return this.#leave();
    this.#outbox.setLeft(false);
    this.#counted = false;
    // What left with a page that was in the back-forward cache has no answer that could still be heard.
    if (!this.#sending) this.#out.clear();
    // A wait that only we chose is over: the network may be back, or the page was away for long.
    if (this.#told) this.#arm();
    else this.#send();
  }

  /** Sets the timer for what waits, unless it is set for something that comes first. */
  #arm(): void {
    if (!this.#outbox.events) return;
    // Nobody knows how long a hidden page lives.
    const complete = this.#outbox.events >= this.#settings.batchEvents || document.hidden;
    this.#sendIn(complete ? 0 : this.#settings.flushIntervalMs, complete ? SOON : LINGER);
  }

  #sendIn(wait: number, wake: number): void {
    if (wake <= this.#wake || this.#sending || this.#paused) return;
    clearTimeout(this.#timer);
    this.#wake = wake;
    this.#timer = setTimeout(() => this.#guarded(() => this.#send()), wait);
  }

  /** Sends one batch, once no other tab does. */
  #send(): void {
    if (this.#sending || this.#paused) return;
    clearTimeout(this.#timer);
    this.#wake = NEVER;
    this.#sending = true;
    void alone(this.#settings.project, async () => {
      let chunks = this.#outbox.chunks();
      if (chunks.some((chunk) => chunk.shared)) {
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        chunks = this.#outbox.chunks();
      }
      const batch = this.#take(chunks, BATCH_BYTES_MAX);
      this.#batch = batch;
      if (!batch) return;
      const answer = await post(this.#settings.url, batch.body, (flight) => (this.#flight = flight));
      // Otherwise its events have left with the page in the meantime.
      if (this.#batch === batch) return this.#read(batch, answer);
    })
      .catch(() => undefined)
      .then((wait) => {
        const sent = this.#batch;
        this.#sending = false;
        this.#batch = this.#flight = undefined;
        this.#guarded(() => this.#next(wait, sent));
      });
  }

  /** Does what is next after an answer. */
  #next(wait: number | undefined, sent: Batch | undefined): void {
    if (wait !== undefined) {
      this.#sendIn(wait, RETRY);
      this.settle();
    } else if (!sent) {
      this.settle();
      // What is another page's now may need help then.
      if (this.#outbox.events) this.#sendIn(ORPHAN_MS, LINGER);
    } else if (sent.more || this.#flushes.length) this.#send();
    else this.#arm();
  }

  /** Does with a batch's events what the answer says. Returns how long to wait, if they are to be sent again. */
  #read({ chunks, text, events, losses, redacted }: Batch, answer: Answer): number | undefined {
    for (const { name } of chunks) this.#out.delete(name);
    const { status, retryAfter } = answer;
    const verdicts = verdictsIn(answer);
    this.#told = retryAfter > 0;
    this.#debug?.answered(answer, text);
    let outcome = this.#core.answered(status, verdicts.length === events, Math.max(0, retryAfter));
    if (outcome === VERDICTS) {
      const retries = verdicts.includes('retry');
      if (!retries) this.#outbox.remove(chunks);
      else {
        const all = JSON.parse(`[${text}]`) as unknown[];
        const again = all
          .filter((_, index) => verdicts[index] === 'retry')
          .map((event) => JSON.stringify(event));
        this.#outbox.replace(chunks, again.join(), again.length);
        // As good as "not now".
        outcome = this.#core.answered(503, false, retryAfter);
      }
    } else {
      add(this.#losses, losses);
      add(this.#redacted, redacted);
      if (outcome === REFUSED) {
        this.#outbox.remove(chunks);
        this.lose({ refused: events });
      } else if (chunks[1]) this.#outbox.replace(chunks, text, events);
    }
    return outcome < 0 ? undefined : outcome;
  }

  /**
   * Hands what this page tracked to the browser, in bodies it should take. What it does not take, and whatever
   * then gets no answer, stays in the outbox.
   */
  #leave(): void {
    this.#put();
    if (this.#paused) return;
    if (this.#batch && !this.#flight?.outlivesPage) {
      // It may die with the page. Should it have arrived as well, the ids tell.
      this.#flight?.stop();
      for (const { name } of this.#batch.chunks) this.#out.delete(name);
      add(this.#losses, this.#batch.losses);
      add(this.#redacted, this.#batch.redacted);
      this.#batch = undefined;
    }
    const chunks = this.#outbox.chunks().filter((chunk) => chunk.own);
    while (navigator.onLine) {
      const batch = this.#take(chunks, Math.max(room() - HEAD_BYTES_MAX, CHUNK_BYTES_FULL));
      if (!batch) break;
      const answer = leave(this.#settings.url, batch.body);
      if (answer) {
        void answer.then((answer) => {
          if (answer) this.#guarded(() => this.#next(this.#read(batch, answer), batch));
        });
      } else if (!later(this.#settings.url, batch.body)) {
        for (const { name } of batch.chunks) this.#out.delete(name);
        add(this.#losses, batch.losses);
        add(this.#redacted, batch.redacted);
        break;
      }
    }
    if (this.#left && !this.#counted) {
      // Told of its end once more, as browsers do, a page does not lose them once more.
      this.#counted = true;
      this.#outbox.setLeft(true);
      const stay = chunks.filter(({ name }) => !this.#out.has(name) && !this.#store.outlivesPage(name));
      const events = stay.reduce((sum, chunk) => sum + chunk.events, 0);
      if (events) this.lose({ storage_full: events });
    }
    this.#save();
  }

  /** Keeps for the next page what could not be reported. */
  #save(): void {
    if (!Object.keys(this.#losses).length) return;
    const losses = JSON.parse(this.#store.get(LOST) ?? '{}') as Losses;
    add(losses, this.#losses);
    this.#store.set(LOST, JSON.stringify(losses));
    this.#losses = {};
  }

  /** The next batch among `chunks`, of one context and at most so many bytes; they are then on their way. */
  #take(chunks: Chunk[], bytesMax: number): Batch | undefined {
    const taken: Chunk[] = [];
    const texts: string[] = [];
    let events = 0;
    let bytes = 0;
    for (const chunk of chunks) {
      if (this.#out.has(chunk.name) || (taken[0] && taken[0].context !== chunk.context)) continue;
      if (events + chunk.events > BATCH_EVENTS_MAX || bytes + chunk.bytes > bytesMax) break;
      const text = this.#outbox.text(chunk);
      if (text === undefined) continue;
      taken.push(chunk);
      texts.push(text);
      events += chunk.events;
      bytes += chunk.bytes;
    }
    const [first, ...rest] = taken;
    if (!first) return undefined;
    for (const { name } of taken) this.#out.add(name);
    const text = texts.join();
    const more = chunks.some(({ name }) => !this.#out.has(name));
    return {
      chunks: [first, ...rest],
      text,
      events,
      more,
      ...this.#wrap(text, this.#outbox.contextOf(first)),
    };
  }

  /** The body of a batch, and what it reports. */
  #wrap(events: string, context: string): Pick<Batch, 'body' | 'losses' | 'redacted'> {
    const { key, consent, gpc } = this.#settings;
    const losses = this.#losses;
    const redacted = this.#redacted;
    this.#losses = {};
    this.#redacted = {};
    const kept = this.#store.get(LOST);
    if (kept) {
      add(losses, JSON.parse(kept) as Losses);
      this.#store.remove(LOST);
    }
    add(redacted, JSON.parse(`{${this.#core.redacted()}}`) as Counts);
    const head = JSON.stringify({
      key,
      sent_at: new Date(),
      sdk: { name: 'pharos-telemetry', version: __VERSION__ },
      consent,
      gpc: gpc === 'drop' ? undefined : gpc,
      dropped: losses,
      redacted,
    });
    return { body: `${head.slice(0, -1)},"context":${context},"events":[${events}]}`, losses, redacted };
  }
}

declare const __VERSION__: string;

/** Runs `work` while no other tab of the site runs any for the same project, where the browser can tell. */
async function alone<R>(project: string, work: () => Promise<R>): Promise<R> {
  // Only on secure pages. Elsewhere two tabs may send the same events, and the ids tell.
  const { locks } = navigator as { locks?: LockManager };
  return locks ? (locks.request(`pharos.${project}`, work) as Promise<R>) : work();
}

/** The verdicts of a reply, in order. None if the text is no reply of our server. */
function verdictsIn({ status, text }: Answer): string[] {
  try {
    return status < 300
      ? (JSON.parse(text) as { verdicts: Verdict[] }).verdicts.map(({ verdict }) => verdict)
      : [];
  } catch {
    return [];
  }
}

interface Verdict {
  verdict: string;
}
