// When events are kept and batches leave, and what becomes of them. Joins the calls of the page with the core (which
// events, what an answer means), the outbox (what waits), the page (when) and the transport (how).
//
// One tab of a site sends at a time, one batch at a time. Nothing leaves the outbox without a verdict. What a
// page hands to the browser as it is left has none unless the page returns: the next page sends it again, and the
// ids tell the server.

import { addReport, type Batch, bodyOf, fill, type Report, verdictsIn } from './batch.js';
import { takeCalls, type Tracked } from './calls.js';
import { type Core, REFUSED, VERDICTS } from './core.js';
import type * as Debug from './debug.js';
import { add, type Counts, type Losses, savedLosses, saveLosses } from './losses.js';
import type { Settings } from './options.js';
import { type Chunk, openOutbox, ORPHAN_MS } from './outbox.js';
import { facts, type Sight, watch } from './page.js';
import { forget, isOn, keepSession, openSession, SESSION, type Session } from './session.js';
import type { Store } from './store.js';
import { type Answer, type Flight, later, leave, post, room } from './transport.js';

/** What a batch may hold at most: it is compressed, and the server takes 1 MiB. */
const BATCH_BYTES_MAX = 256 * 1024;
/** What a chunk holds at most: the core ends one at 20 KiB, and an event has 32 KiB at most. */
const CHUNK_BYTES_MAX = 52 * 1024;
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

/** Complete batches leave once in so long, with what came in between: requests are what a stream would cost most. */
const BATCH_GAP_MS = 1000;

/**
 * What one tab takes from the storage, another may still see for a moment. Before a tab sends what another one may
 * have sent, it waits for so long, alone.
 */
const SETTLE_MS = 100;

/**
 * Events are judged and kept as the task ends that tracked them; where many tasks track, once in so long, together. A
 * page that ends has time to do it; one that crashes loses as much.
 */
const KEEP_MS = 100;

/** What pages before this one left is looked for once this one has had time to start. */
const LOOK_MS = 1500;

/** Sends the events of one page, and what pages before it left. */
export type Sender = ReturnType<typeof startSender>;

/** `guarded` runs something of ours where an error of ours must not reach the page. */
export function startSender(
  core: Core,
  settings: Settings,
  store: Store,
  guarded: (work: () => void) => void,
  debug?: typeof Debug,
) {
  const { url, sample, beforeSend } = settings;
  const outbox = openOutbox(store, lose);
  const ending = new AbortController();
  /** Not yet reported. */
  const report: Report = { losses: {}, redacted: {} };
  /** Chunks now on their way, by name. */
  const out = new Set<string>();
  let session: Session | undefined;
  /** Other tabs' changes to the session are heard. */
  let following = false;
  /** Events taken in and not yet in the outbox, as the core takes them, and how many. */
  let lines = '';
  let events = 0;
  /** They will be kept without further ado. */
  let keeping = false;
  let keepTimer: ReturnType<typeof setTimeout> | undefined;
  /** What these events share, and the address it is of. */
  let context = '{}';
  let href: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wake = NEVER;
  let sentAt = 0;
  let flight: Flight | undefined;
  /** What the flight carries. */
  let batch: Batch | undefined;
  /** This tab sends, or waits for another one to have sent. */
  let sending = false;
  /** The server said when to come back. */
  let told = false;
  /** Between `pagehide` and `pageshow`: timers may never fire again. */
  let left = false;
  let flushes: (() => void)[] = [];
  let paused = settings.consent === 'pending';

  watch((sight) => guarded(() => seen(sight)), ending);
  let looking = setTimeout(look, LOOK_MS);

  /** Counts lost events, to be reported with the next batch. */
  function lose(losses: Losses): void {
    add(report.losses, losses);
  }

  function drop(reason: keyof Losses, name: string): void {
    lose({ [reason]: 1 });
    debug?.refused(name, reason);
  }

  /** The page has tracked an event, which {@link takeCalls} has. */
  function tracked(): void {
    if (keeping) return;
    keeping = true;
    queueMicrotask(keepGuarded);
  }

  /** Judges what was tracked; it leaves when it is time. */
  function keepGuarded(): void {
    guarded(() => {
      if (ending.signal.aborted) return;
      const any = keep();
      if (left) return depart();
      arm();
      // Timers of a page that nobody sees may be late by a minute.
      if (!any || document.hidden) return;
      // Set here, where more is to be expected, so that no call of the page has to set one.
      keeping = true;
      clearTimeout(keepTimer);
      keepTimer = setTimeout(keepGuarded, KEEP_MS);
    });
  }

  /** What was tracked becomes events in the outbox. Returns whether anything was. */
  function keep(): boolean {
    keeping = false;
    const calls = takeCalls();
    for (const call of calls) {
      if (typeof call === 'function') call();
      else take(call);
    }
    write();
    return !!calls.length;
  }

  /** Takes an event in: the page's last word on it, then its session's. */
  function take([name, json, at]: Tracked): void {
    if (Math.random() >= (sample?.[name] ?? 1)) return drop('sampled', name);
    if (beforeSend) {
      try {
        json = JSON.stringify(beforeSend({ event: name, properties: JSON.parse(json) })!.properties ?? {});
      } catch {
        // It returned nothing, or threw: no fault of ours.
        return drop('before_send', name);
      }
    }
    if (outbox.isFull(events)) return drop('queue_full', name);
    open(at);
    // A name of several lines is none, and is none with a space instead.
    lines += `${at} ${name.replace(/\n/g, ' ')}\n${json}\n`;
    events++;
    if (debug) {
      write();
      const why = core.refusal();
      if (why) debug.refused(name, 'invalid', why);
      else debug.tracked(name, core.redactions());
    }
  }

  /** What was taken in is judged, and goes to the outbox. */
  function write(): void {
    if (!lines || !session) return;
    if (location.href !== href) {
      href = location.href;
      context = core.context(facts());
    }
    const invalid = core.write(lines, (text, events, bytes) => outbox.add(context, text, events, bytes));
    if (invalid) lose({ invalid });
    lines = '';
    events = 0;
    session.nextSeq = core.nextSeq();
    keepSession(store, session);
  }

  /** Sees to it that an event at `now` gets its session. */
  function open(now: number): Session {
    if (!session || !isOn(session, now)) {
      // Only now: asked to tell of changes, the browser reads the storage, some milliseconds that a start need not take.
      if (!following) store.watch(SESSION, () => guarded(follow), ending);
      following = true;
      write();
      session = openSession(store, now);
      core.setSession(session.id, session.nextSeq);
    }
    session.last = now;
    return session;
  }

  /** Sends what pages before this one left, once they must be gone. */
  function look(): void {
    guarded(() => {
      if (outbox.chunks().some(({ own }) => !own)) send();
      else if (outbox.events) looking = setTimeout(look, ORPHAN_MS);
    });
  }

  /** Another tab tracked: the session's numbers go on from there. */
  function follow(): void {
    if (events || !session) return;
    const other = openSession(store, Date.now());
    if (other.id === session.id && other.nextSeq <= core.nextSeq()) return;
    session = other;
    core.setSession(session.id, session.nextSeq);
  }

  function seen(sight: Sight): void {
    if (sight === 'hidden') return depart();
    const returned = left && sight === 'back';
    left = sight === 'left';
    if (left) return depart();
    if (returned) {
      outbox.setLeft(false);
      // What left with a page that was in the back-forward cache has no answer that could still be heard.
      if (!sending) out.clear();
    }
    // A wait that only we chose is over: the network may be back, or the page was away for long.
    if (told) arm();
    else send();
  }

  /** Sets the timer for what waits, unless it is set for something that comes first. */
  function arm(): void {
    if (!outbox.events) return;
    // Nobody knows how long a hidden page lives.
    const complete = outbox.events >= settings.batchEvents || document.hidden;
    if (complete) sendIn(Math.min(Math.max(sentAt + BATCH_GAP_MS - Date.now(), 0), BATCH_GAP_MS), SOON);
    else sendIn(settings.flushIntervalMs, LINGER);
  }

  function sendIn(wait: number, why: number): void {
    if (why <= wake || sending || paused) return;
    clearTimeout(timer);
    wake = why;
    timer = setTimeout(() => guarded(send), wait);
  }

  /** Sends one batch, once no other tab does. */
  function send(): void {
    if (sending || paused) return;
    clearTimeout(timer);
    wake = NEVER;
    sending = true;
    void alone(settings.project, sendBatch)
      .catch(() => undefined)
      .then((wait) => {
        const sent = batch;
        sending = false;
        batch = flight = undefined;
        guarded(() => next(wait, sent));
      });
  }

  /** Returns how long to wait before another try, if this one failed. */
  async function sendBatch(): Promise<number | undefined> {
    let chunks = outbox.chunks();
    if (chunks.some((chunk) => chunk.shared)) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      chunks = outbox.chunks();
    }
    const mine = (batch = load(chunks, BATCH_BYTES_MAX));
    if (!mine) return;
    sentAt = Date.now();
    flight = post(url, bodyOf(mine, settings));
    const answer = await flight.answer;
    // Otherwise its events have left with the page in the meantime.
    if (batch === mine) return read(mine, answer);
  }

  /** Does what is next after an answer. */
  function next(wait: number | undefined, sent: Batch | undefined): void {
    if (wait !== undefined) {
      sendIn(wait, RETRY);
      settle();
    } else if (!sent) {
      settle();
      // What is another page's now may need help then.
      if (outbox.events) sendIn(ORPHAN_MS, LINGER);
    } else if (sent.more || flushes.length) send();
    else arm();
  }

  /** Tells whoever waits for a flush. */
  function settle(): void {
    const settled = flushes;
    flushes = [];
    for (const resolve of settled) resolve();
  }

  /** Does with a batch's events what the answer says. Returns how long to wait, if they are to be sent again. */
  function read(sent: Batch, answer: Answer): number | undefined {
    const { chunks, context, text, events } = sent;
    const { status, retryAfter } = answer;
    for (const { name } of chunks) out.delete(name);
    const verdicts = verdictsIn(answer);
    told = retryAfter > 0;
    debug?.answered(answer, text);
    let outcome = core.answered(status, verdicts.length === events, Math.max(0, retryAfter));
    if (outcome !== VERDICTS) {
      addReport(report, sent);
      if (outcome === REFUSED) lose({ refused: events });
      else if (chunks[1]) outbox.replace(chunks, context, text, events);
    }
    if (outcome === VERDICTS && verdicts.includes('retry')) {
      const again = (JSON.parse(`[${text}]`) as unknown[]).filter((_, index) => verdicts[index] === 'retry');
      outbox.replace(chunks, context, JSON.stringify(again).slice(1, -1), again.length);
      // As good as "not now".
      outcome = core.answered(503, false, retryAfter);
    } else if (outcome < 0) outbox.remove(chunks);
    return outcome < 0 ? undefined : outcome;
  }

  /**
   * Hands what this page tracked to the browser, in bodies it should take. What it does not take, and whatever
   * then gets no answer, stays in the outbox.
   */
  function depart(): void {
    keep();
    if (paused) return;
    if (batch && !flight?.alive) {
      // It may die with the page. Should it have arrived as well, the ids tell.
      flight?.stop();
      unload(batch);
      batch = undefined;
    }
    const own = outbox.chunks().filter((chunk) => chunk.own);
    while (navigator.onLine) {
      const last = load(own, Math.max(room() - HEAD_BYTES_MAX, CHUNK_BYTES_MAX));
      if (!last) break;
      const body = bodyOf(last, settings);
      const answer = leave(url, body);
      if (answer) {
        void answer.then((answer) => answer && guarded(() => next(read(last, answer), last)));
      } else if (!later(url, body)) {
        unload(last);
        break;
      }
    }
    if (left) {
      outbox.setLeft(true);
      // Counted once: a page may be told of its end more than once.
      for (const { name, events } of own) {
        if (!out.has(name) && store.isFleeting(name)) {
          lose({ storage_full: events });
          out.add(name);
        }
      }
    }
    saveLosses(store, report.losses);
    report.losses = {};
  }

  /** A batch among `chunks`, with all there is to report; they are then on their way. */
  function load(chunks: readonly Chunk[], bytesMax: number): Batch | undefined {
    const filled = fill(
      outbox,
      chunks.filter(({ name }) => !out.has(name)),
      bytesMax,
    );
    if (!filled) return undefined;
    for (const { name } of filled.chunks) out.add(name);
    lose(savedLosses(store));
    add(report.redacted, JSON.parse(`{${core.redacted()}}`) as Counts);
    const more = chunks.some(({ name }) => !out.has(name));
    const loaded = { ...filled, ...report, more };
    Object.assign(report, { losses: {}, redacted: {} });
    return loaded;
  }

  /** The batch did not leave. */
  function unload(loaded: Batch): void {
    for (const { name } of loaded.chunks) out.delete(name);
    addReport(report, loaded);
  }

  return {
    tracked,
    keep,
    lose,

    /** The id of the session. */
    sessionId: () => open(Date.now()).id,

    /** Sets who the user is from here on; an empty id forgets. */
    identify(id: string): void {
      keep();
      core.identify(id);
    },

    /** Ends the session, and forgets whose it was: the next event begins another. */
    reset(): void {
      keep();
      core.identify('');
      forget(store);
      session = undefined;
    },

    /** The visitor agreed: what waited may leave. */
    resume(): void {
      paused = false;
      store.persist();
      arm();
    },

    /** Sends what waits. Settles when nothing waits any more, when a try failed, or when it is too early for one. */
    flush(): Promise<void> {
      return new Promise((resolve) => {
        keep();
        flushes.push(resolve);
        if (paused || (told && wake === RETRY)) settle();
        else send();
      });
    },

    /** Hands what waits to the browser, then ends. */
    stop(): void {
      left = true;
      depart();
      end();
    },

    end,
  };

  /** Silence: no listener or timer remains. */
  function end(): void {
    ending.abort();
    clearTimeout(timer);
    clearTimeout(keepTimer);
    clearTimeout(looking);
    paused = true;
    settle();
  }
}

/** Runs `work` while no other tab of the site runs any for the same project, where the browser can tell. */
async function alone<R>(project: string, work: () => Promise<R>): Promise<R> {
  // Only on secure pages. Elsewhere two tabs may send the same events, and the ids tell.
  const { locks } = navigator as { locks?: LockManager };
  return locks ? (locks.request(`pharos.${project}`, work) as Promise<R>) : work();
}
