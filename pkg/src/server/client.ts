// One client: takes events, has them judged, and sees to it that they wait, in memory or on disk, until they are sent.

import { randomUUID } from 'node:crypto';

import { add, type Counts } from './counts.js';
import { TelemetryError } from './errors.js';
import { type Line, write } from './event.js';
import { atExit, notAtExit } from './exit.js';
import { Journal, type Found } from './journal.js';
import { Model } from './model.js';
import { type Settings, settings } from './options.js';
import { type Entry, Queue, type Waiter } from './queue.js';
import { Sender } from './sender.js';
import type { Problem, Queued, ServerOptions, Stats, TelemetryEvent, Verdict } from './types.js';

/** How often a client looks for what other processes left on the disk. */
const ADOPT_MS = 60_000;

/** The same problem is said on the console once in so long. */
const SAY_MS = 60_000;

/** Sends events of a server. Most programs need one: `init` and the functions beside it. */
export class TelemetryClient {
  readonly #settings: Settings;
  readonly #model: Model | undefined;
  readonly #queue: Queue;
  readonly #sender: Sender | undefined;
  readonly #journal: Promise<Journal | undefined>;
  readonly #adopting: ReturnType<typeof setInterval> | undefined;
  readonly #dropped: Counts = {};
  readonly #said = new Map<string, number>();
  readonly #drain = () => this.#drainBeforeExit();
  #isShutDown = false;
  /** Events and losses so far, and how many there were when a last try had failed. */
  #made = 0;
  #gaveUpAt = -1;

  /** Throws a {@link TelemetryError} `not_configured` if the options, with the environment, will not do. */
  constructor(options: ServerOptions = {}) {
    const checked = settings(options, process.env);
    this.#settings = checked;
    this.#queue = new Queue(checked.queueEvents, checked.queueBytes);
    this.#journal = Promise.resolve(undefined);
    if (!checked.enabled) return;
    this.#model = new Model(checked.rules);
    this.#sender = new Sender(checked, this.#model, this.#queue, {
      settled: (entry) => this.#settled(entry),
      lost: (reason, events) => this.#lose(reason, events),
      problem: (problem) => this.#problem(problem),
    });
    if (checked.queueDir !== undefined) {
      this.#journal = this.#openJournal(checked.queueDir);
      this.#adopting = setInterval(() => void this.#adopt(), ADOPT_MS).unref();
    }
    if (checked.drainOnExit) atExit(this.#drain);
  }

  /**
   * Logs an event and waits for its verdict. Rejects with a {@link TelemetryError}: if the event breaks a rule, with
   * its code and field; if there was no verdict within `deliveryTimeoutMs`, with `unavailable`. Then the event is
   * given up, though it may have arrived: logged again with the error's `id` it counts once.
   */
  async logTelemetry(event: TelemetryEvent): Promise<Verdict> {
    if (!this.#sender) return { id: '', verdict: 'filtered', reason: 'disabled' };
    const { text, id, consent } = this.#judge(event);
    if (consent === 'denied') {
      this.#lose('consent');
      return { id, verdict: 'filtered', reason: 'consent' };
    }
    return new Promise((resolve, reject) => {
      const { waiter, entry } = this.#awaited({ text, id, consent }, resolve, reject);
      if (this.#queue.add(entry)) {
        // Somebody waits, so the process does.
        waiter.timer = setTimeout(() => this.#giveUp(entry), this.#settings.deliveryTimeoutMs);
        this.#sender?.arm();
      } else {
        this.#lose('queue_full');
        reject(new TelemetryError('queue_full', 'too many events wait to be sent', { id, retryable: true }));
      }
    });
  }

  /**
   * Logs an event without waiting for its verdict. Never throws or rejects; settles once the event waits (with
   * `queueDir`, on disk), or says why it does not. It is tried until it has its verdict.
   */
  async logTelemetrySafe(event: TelemetryEvent): Promise<Queued> {
    try {
      return await this.#keep(event);
    } catch (error) {
      const known = error instanceof TelemetryError;
      const code = known ? error.code : 'failed';
      this.#problem({ code, message: known ? error.message : String(error), events: 1, lost: true });
      return { queued: false, code, field: known ? error.field : '' };
    }
  }

  /** Sends what waits now: `true` once nothing waits any more, `false` if a try has failed. */
  async flush(): Promise<boolean> {
    return (await this.#sender?.flush()) ?? true;
  }

  /**
   * Sends what waits, for at most `drainTimeoutMs`, and ends the client. `false`: something is left; with `queueDir`
   * the next process sends it.
   */
  async shutdown(): Promise<boolean> {
    if (this.#isShutDown || !this.#sender) return true;
    this.#isShutDown = true;
    clearInterval(this.#adopting);
    const isDelivered = await this.#drainAll();
    notAtExit(this.#drain);
    this.#sender.stop();
    for (const entry of this.#queue.awaited()) this.#giveUp(entry);
    const journal = await this.#journal;
    await journal?.close();
    return isDelivered;
  }

  /** How it is doing. */
  stats(): Stats {
    return {
      waiting: this.#queue.events,
      waitingBytes: this.#queue.bytes,
      delivered: this.#sender?.delivered ?? 0,
      dropped: { ...this.#dropped },
      lastError: this.#sender?.lastError,
    };
  }

  /** The event, stripped. Throws if it breaks a rule. */
  #judge(event: TelemetryEvent): Line {
    if (this.#isShutDown) {
      this.#lose('shut_down');
      throw new TelemetryError('shut_down', 'the client was shut down');
    }
    this.#made++;
    const model = this.#model as Model;
    const now = Date.now();
    try {
      const line = write(event, now, () => model.id(now));
      return { ...line, text: model.judge(line.text, now) };
    } catch (error) {
      this.#lose('invalid');
      throw error;
    }
  }

  #awaited(
    line: Line,
    resolve: (verdict: Verdict) => void,
    reject: (error: TelemetryError) => void,
  ): { waiter: Waiter; entry: Entry } {
    const waiter: Waiter = {
      resolve: (verdict) => (clearTimeout(waiter.timer), resolve(verdict)),
      reject: (error) => (clearTimeout(waiter.timer), reject(error)),
    };
    return { waiter, entry: { ...line, bytes: Buffer.byteLength(line.text), waiter } };
  }

  /** Nobody waits any longer. */
  #giveUp(entry: Entry): void {
    if (this.#queue.remove(entry)) this.#lose('gave_up');
    else entry.isAbandoned = true;
    const why = this.#sender?.lastError ?? 'no answer';
    const message = `no verdict within ${this.#settings.deliveryTimeoutMs} ms (${why})`;
    entry.waiter?.reject(new TelemetryError('unavailable', message, { id: entry.id, retryable: true }));
  }

  async #keep(event: TelemetryEvent): Promise<Queued> {
    if (!this.#sender) return { queued: false, code: 'disabled', field: '' };
    const { text, id, consent } = this.#judge(event);
    if (consent === 'denied') {
      this.#lose('consent');
      return { queued: false, code: 'consent', field: '' };
    }
    const entry: Entry = { id, text, consent, bytes: Buffer.byteLength(text), waiter: undefined };
    const journal = this.#settings.queueDir === undefined ? undefined : await this.#journal;
    if (journal?.isFull(entry.bytes) || !this.#queue.add(entry)) {
      this.#lose('queue_full');
      throw new TelemetryError('queue_full', 'too many events wait to be sent', { id, retryable: true });
    }
    this.#sender.arm();
    if (journal) {
      entry.segment = await journal.append(JSON.stringify({ consent, event: JSON.parse(text) as unknown }));
      if (!entry.segment)
        this.#problem({ code: 'queue_dir', message: `events wait in memory: ${journal.error}`, events: 1, lost: false }); // prettier-ignore
      // It was faster than the disk.
      else if (entry.isSettled) journal.settle(entry.segment);
    }
    return { queued: true, id };
  }

  #settled(entry: Entry): void {
    entry.isSettled = true;
    const { segment } = entry;
    if (segment) void this.#journal.then((journal) => journal?.settle(segment));
  }

  #lose(reason: string, events = 1): void {
    this.#made += events;
    add(this.#dropped, { [reason]: events });
    this.#sender?.report({ [reason]: events });
  }

  async #openJournal(folder: string): Promise<Journal | undefined> {
    try {
      const journal = await Journal.open(folder, this.#settings.queueBytes);
      // After this promise, which it waits for.
      setImmediate(() => void this.#adopt());
      return journal;
    } catch (error) {
      const message = `events wait in memory: ${folder}: ${String((error as Error).message)}`;
      this.#problem({ code: 'queue_dir', message, events: 0, lost: false });
      return undefined;
    }
  }

  /** Takes over what processes that are gone left on the disk, as far as there is room. */
  async #adopt(): Promise<void> {
    const journal = await this.#journal;
    while (journal && !this.#isShutDown) {
      const found = await journal.adopt(this.#queue.room);
      if (!found) break;
      for (const line of found.lines) if (!this.#restore(line, found)) journal.settle(found.segment);
      this.#sender?.arm();
    }
  }

  /** Takes one line back. What stands in a file is judged anew: it may be anybody's. `false`: it is none, or done. */
  #restore(line: string, { segment }: Found): boolean {
    try {
      const { consent, event, dropped } = JSON.parse(line) as { consent?: Line['consent']; event?: { id?: unknown }; dropped?: Counts }; // prettier-ignore
      if (dropped) {
        for (const [reason, events] of Object.entries(dropped)) {
          if (/^[a-z_]{1,32}$/.test(reason) && Number.isSafeInteger(events) && events > 0) this.#lose(reason, events); // prettier-ignore
        }
        return false;
      }
      const text = (this.#model as Model).judge(JSON.stringify(event), Date.now());
      const id = String(event?.id ?? randomUUID());
      const known = consent === 'granted' || consent === 'pending' ? consent : undefined;
      const entry: Entry = { id, text, consent: known, bytes: Buffer.byteLength(text), waiter: undefined, segment }; // prettier-ignore
      if (this.#queue.add(entry)) return true;
      this.#lose('queue_full');
    } catch {
      this.#lose('unreadable');
    }
    return false;
  }

  async #drainBeforeExit(): Promise<void> {
    const { isIdle } = this.#sender as Sender;
    // Called again as long as it does something: what could not be sent once is not tried for ever.
    if (isIdle || this.#gaveUpAt === this.#made) return;
    if (!(await this.#drainAll())) this.#gaveUpAt = this.#made;
  }

  async #drainAll(): Promise<boolean> {
    const sender = this.#sender as Sender;
    const isDelivered = await sender.drain(this.#settings.drainTimeoutMs);
    const journal = await this.#journal;
    if (!isDelivered) {
      const losses = sender.takeLosses();
      if (journal && Object.keys(losses).length > 0)
        await journal.append(JSON.stringify({ dropped: losses }));
      const events = this.#queue.events;
      const message = `${events} events could not be sent before the end (${sender.lastError ?? 'no answer'})`;
      if (events > 0) this.#problem({ code: 'unavailable', message, events, lost: !journal });
    }
    await journal?.removed();
    return isDelivered;
  }

  #problem(problem: Problem): void {
    const { onProblem } = this.#settings;
    if (onProblem) {
      try {
        onProblem(problem);
      } catch {
        // Its own business.
      }
      return;
    }
    const now = Date.now();
    if (now - (this.#said.get(problem.code) ?? 0) < SAY_MS) return;
    this.#said.set(problem.code, now);
    console.warn(`pharos: ${problem.message}`);
  }
}
