// When batches leave, and what becomes of the events in them. One request at a time: what comes meanwhile makes the
// next batch, so batches grow as the load does.

import { add, type Counts } from './counts.js';
import { TelemetryError } from './errors.js';
import type { Model } from './model.js';
import type { Settings } from './options.js';
import type { Entry, Queue } from './queue.js';
import { type Answer, post } from './transport.js';
import type { Problem, Verdict } from './types.js';
import { body, invalid, refusedBy, type Said, verdictsIn } from './wire.js';

/** What the server takes: 500 events, and 1 MiB even where it does not shrink. */
const BATCH_EVENTS_MAX = 500;
const BATCH_BYTES_MAX = 900 * 1024;

/** A key that is not known, or may not: a person can repair that, and what waits is kept until then. */
const KEY_STATUSES = [401, 403];
const TOO_LARGE = 413;

/** How long to wait after a fault of ours. */
const FAULT_WAIT_MS = 60_000;

/** Who is told what becomes of events. */
interface Owner {
  /** This one is done with. */
  settled(entry: Entry): void;
  /** So many were lost. */
  lost(reason: string, events: number): void;
  /** What nobody else would hear of. */
  problem(problem: Problem): void;
}

/** Works off the queue. */
export class Sender {
  readonly #settings: Settings;
  readonly #model: Model;
  readonly #queue: Queue;
  readonly #owner: Owner;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it goes off, by `performance.now()`. */
  #timerAt = Infinity;
  #isSending = false;
  /** Since when something waits that nobody is waiting for. */
  #waitsSince: number | undefined;
  #retryAt = 0;
  /** The server said when to come back. */
  #isTold = false;
  /** Less than the most after the server found a batch too large. */
  #eventsMax = BATCH_EVENTS_MAX;
  #flushes: ((isDelivered: boolean) => void)[] = [];
  /** Not yet reported. */
  #losses: Counts = {};
  #redacted: Counts = {};
  /** Losses that the request on its way reports. */
  #carried: Counts = {};
  delivered = 0;
  lastError: string | undefined;

  constructor(settings: Settings, model: Model, queue: Queue, owner: Owner) {
    this.#settings = settings;
    this.#model = model;
    this.#queue = queue;
    this.#owner = owner;
  }

  /** Reports with the next batch that events were lost. */
  report(losses: Counts): void {
    add(this.#losses, losses);
    this.arm();
  }

  /** Takes what was lost and cannot be reported any more, also what a request carries that has no answer yet. */
  takeLosses(): Counts {
    const losses = this.#losses;
    add(losses, this.#carried);
    this.#losses = {};
    this.#carried = {};
    return losses;
  }

  /** Whether there is anything to send or to report. */
  get isIdle(): boolean {
    return this.#queue.events === 0 && Object.keys({ ...this.#losses, ...this.#carried }).length === 0;
  }

  /** Sees to it that what waits leaves when it is time. */
  arm(): void {
    if (this.#isSending) return;
    const now = performance.now();
    const at = this.#dueAt(now);
    if (at === this.#timerAt || (at > this.#timerAt && this.#timerAt > now && at !== Infinity)) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // A process that has nothing else to do is not kept: as it ends, what waits is sent (exit.ts).
    if (at !== Infinity) this.#timer = setTimeout(() => void this.#send(), Math.max(0, at - now)).unref();
  }

  /** Sends what waits: `true` once nothing waits any more, `false` if a try failed or it is too early for one. */
  flush(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.isIdle) return resolve(true);
      if (this.#isTold && this.#retryAt > performance.now()) return resolve(false);
      this.#flushes.push(resolve);
      void this.#send();
    });
  }

  /** Sends what waits, and tries again until `timeoutMs` are over. Keeps the process alive meanwhile. */
  async drain(timeoutMs: number): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const isDelivered = await within(this.flush(), end);
      const retryAt = Math.max(this.#retryAt, performance.now() + 10);
      if (isDelivered || retryAt >= end) return isDelivered;
      await new Promise((resolve) => setTimeout(resolve, retryAt - performance.now()));
    }
  }

  /** No timer remains. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
    // For ever.
    this.#isSending = true;
  }

  #dueAt(now: number): number {
    if (this.#queue.waiting === 0 && Object.keys(this.#losses).length === 0) return Infinity;
    this.#waitsSince ??= now;
    const isComplete = this.#queue.isAwaited || this.#queue.waiting >= this.#settings.batchEvents;
    const at = isComplete ? now : this.#waitsSince + this.#settings.flushIntervalMs;
    return Math.max(at, this.#retryAt);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
    this.#waitsSince = undefined;
    if (this.#queue.waiting > 0 || Object.keys(this.#losses).length > 0) {
      this.#isSending = true;
      await this.#sendBatch();
      this.#isSending = false;
    }
    if (this.#retryAt > performance.now()) this.#settleFlushes(false);
    else if (this.isIdle) this.#settleFlushes(true);
    if (this.#flushes.length > 0) void this.#send();
    else this.arm();
  }

  /** Never rejects. */
  async #sendBatch(): Promise<void> {
    const entries = this.#queue.take(this.#eventsMax, BATCH_BYTES_MAX);
    this.#carried = this.#losses;
    this.#losses = {};
    const redacted = this.#redacted;
    this.#redacted = {};
    let isTaken = false;
    try {
      add(redacted, this.#model.redacted());
      const { url, key, requestTimeoutMs } = this.#settings;
      const answer = await post(url, key, body(entries, this.#carried, redacted), requestTimeoutMs);
      isTaken = this.#read(entries, answer);
    } catch (error) {
      // A fault of ours must not reach the program.
      this.lastError = String(error);
      this.#again(entries, FAULT_WAIT_MS);
    }
    if (!isTaken) {
      add(this.#losses, this.#carried);
      add(this.#redacted, redacted);
    }
    this.#carried = {};
  }

  #settleFlushes(isDelivered: boolean): void {
    for (const resolve of this.#flushes.splice(0)) resolve(isDelivered);
  }

  /** Does with a batch's events what the answer says. Whether the server took what was reported beside them. */
  #read(entries: Entry[], answer: Answer): boolean {
    const { status, retryAfter, error } = answer;
    const said = verdictsIn(answer, entries.length);
    const meaning = this.#model.answered(status, said !== undefined, retryAfter);
    this.#isTold = retryAfter > 0;
    this.#retryAt = 0;
    this.lastError = said ? undefined : error || `status ${status}`;
    if (meaning === 'verdicts' && said) {
      this.#eventsMax = Math.min(this.#eventsMax * 2, BATCH_EVENTS_MAX);
      const again = entries.filter((entry, index) => !this.#tell(entry, said[index] as Said));
      if (again.length > 0) this.#again(again, this.#model.answered(503, false, retryAfter));
      return true;
    }
    if (status === TOO_LARGE && entries.length > 1) {
      this.#eventsMax = Math.ceil(entries.length / 2);
      this.#again(entries, 0);
      return false;
    }
    if (meaning !== 'refused') {
      this.#again(entries, meaning);
      return false;
    }
    this.#refuse(entries, answer);
    return false;
  }

  /** The server refused the batch as a whole. */
  #refuse(entries: Entry[], answer: Answer): void {
    const { code, message } = refusedBy(answer);
    // Once more at once would be refused once more at once.
    const wait = this.#model.answered(503, false, answer.retryAfter);
    const others = entries.filter((entry) => !entry.waiter);
    const isKept = KEY_STATUSES.includes(answer.status);
    if (others.length > 0) this.#owner.problem({ code, message, events: others.length, lost: !isKept });
    const lost = isKept ? entries.filter((entry) => entry.waiter) : entries;
    for (const entry of lost) entry.waiter?.reject(new TelemetryError(code, message, { id: entry.id }));
    this.#done(lost);
    if (lost.length > 0) this.#owner.lost('refused', lost.length);
    this.#again(isKept ? others : [], wait);
  }

  /** Tells whoever waits what the server said. `false`: the event is to be sent again. */
  #tell(entry: Entry, said: Said): boolean {
    const { id, waiter } = entry;
    if (said.verdict === 'retry') return false;
    if (said.verdict === 'invalid') {
      const error = invalid(said);
      if (waiter) waiter.reject(new TelemetryError(error.code, error.message, { field: error.field, id }));
      else this.#owner.problem({ code: error.code, message: error.message, events: 1, lost: true });
    } else {
      const verdict: Verdict = { id, verdict: said.verdict };
      waiter?.resolve(said.reason === undefined ? verdict : { ...verdict, reason: said.reason });
      this.delivered++;
    }
    this.#done([entry]);
    return true;
  }

  #done(entries: Entry[]): void {
    this.#queue.settle(entries);
    for (const entry of entries) this.#owner.settled(entry);
  }

  /** What nobody has given up meanwhile waits again. */
  #again(entries: Entry[], wait: unknown): void {
    this.#retryAt = performance.now() + Number(wait);
    const abandoned = entries.filter((entry) => entry.isAbandoned);
    this.#done(abandoned);
    if (abandoned.length > 0) this.#owner.lost('gave_up', abandoned.length);
    this.#queue.putBack(entries.filter((entry) => !entry.isAbandoned));
  }
}

/** What `promise` says, or `false` at `end`. */
async function within(promise: Promise<boolean>, end: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, end - performance.now()));
  });
  const outcome = await Promise.race([promise, late]);
  clearTimeout(timer);
  return outcome;
}
