// The queue's copy on disk: what waits there outlives the process. The only file that touches the disk.
//
// A folder holds segments, one line an event, each written by one process. A segment goes when all of its events are
// settled. What a process that is gone left behind, another one takes over, by renaming it: of two, one fails. Events
// have ids, so one that was sent and not yet removed is a duplicate the second time, and no more.

import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A segment this large is followed by another. */
const SEGMENT_BYTES_FULL = 256 * 1024;

/** How often a process says of its segments that it is there. */
const HEARTBEAT_MS = 20_000;

/** A segment of which nobody said so for so long is left behind, if nothing else tells. */
const LEFT_AFTER_MS = 90_000;

const NAME = /^pharos-([0-9a-z]+)-(\d+)-([0-9a-f]{12})-(\d+)\.ndjson$/;

/** One file. */
export interface Segment {
  path: string;
  /** Bytes written. */
  bytes: number;
  /** Events in it that are not settled. */
  open: number;
  /** Whether more may be written to it. */
  isCurrent: boolean;
}

/** What another process left behind. */
export interface Found {
  segment: Segment;
  lines: string[];
}

interface Writing {
  line: string;
  done: (segment: Segment | undefined) => void;
}

/** One process's part of a folder. */
export class Journal {
  readonly #folder: string;
  readonly #bytesMax: number;
  /** Of this machine, as ids of processes mean something on it only. */
  readonly #host = Buffer.from(hostname()).toString('hex').slice(-24) || '0';
  readonly #token = randomBytes(6).toString('hex');
  readonly #segments = new Set<Segment>();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #current: { segment: Segment; handle: FileHandle } | undefined;
  #count = 0;
  #toWrite: Writing[] = [];
  #writing: Promise<void> | undefined;
  /** Bytes of other processes' segments, when last looked at. */
  #othersBytes = 0;
  #error: string | undefined;
  /** Files being removed. */
  readonly #removals = new Set<Promise<void>>();

  private constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
  }

  /** Opens the folder, and makes it if it is not there. `bytesMax`: of all that it may hold, about. */
  static async open(folder: string, bytesMax: number): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Journal(folder, bytesMax);
  }

  /** What went wrong with the disk last, if it still does. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Whether the folder has no room for so many bytes. */
  isFull(bytes: number): boolean {
    let sum = this.#othersBytes + bytes;
    for (const segment of this.#segments) sum += segment.bytes;
    return sum > this.#bytesMax;
  }

  /**
   * Writes a line; what is asked for at the same time is written at once. The segment it is in, or `undefined` if
   * the disk does not take it. Written is: it outlives the process, though not the machine's power.
   */
  append(line: string): Promise<Segment | undefined> {
    return new Promise((done) => {
      this.#toWrite.push({ line, done });
      this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    });
  }

  /** One event of the segment is done with. */
  settle(segment: Segment): void {
    segment.open--;
    this.#removeIfDone(segment);
  }

  /** Takes over one segment that was left behind, of at most so many bytes. */
  async adopt(bytesMax: number): Promise<Found | undefined> {
    this.#othersBytes = 0;
    let found: Found | undefined;
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const owner = NAME.exec(name);
      if (!owner || owner[3] === this.#token) continue;
      const path = join(this.#folder, name);
      const { size, mtimeMs } = (await stat(path).catch(() => undefined)) ?? { size: 0, mtimeMs: Infinity };
      if (found || size > bytesMax || !this.#isLeft(owner, mtimeMs)) this.#othersBytes += size;
      else found = await this.#take(path);
    }
    return found;
  }

  /** Ends it. Segments with events that are not settled stay for another process. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    while (this.#writing) await this.#writing;
    await this.#closeCurrent();
    await this.removed();
  }

  /** Settles when no file is being removed any more. */
  async removed(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #isLeft([, host, pid]: RegExpExecArray, mtimeMs: number): boolean {
    const isSilent = Date.now() - mtimeMs > LEFT_AFTER_MS;
    if (host !== this.#host || isSilent) return isSilent;
    // In a container each process in turn may have the same id: what is older than this process is not its own.
    if (Number(pid) === process.pid) return mtimeMs < Date.now() - process.uptime() * 1000;
    return !isRunning(Number(pid));
  }

  /** Makes another's segment ours; `undefined` if somebody was faster. */
  async #take(path: string): Promise<Found | undefined> {
    try {
      const segment: Segment = { path: this.#newPath(), bytes: 0, open: 0, isCurrent: false };
      await rename(path, segment.path);
      const text = await readFile(segment.path, 'utf8');
      // Without a line break at its end, the last line is what a process was killed while writing.
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean); // prettier-ignore
      segment.bytes = Buffer.byteLength(text);
      segment.open = lines.length;
      this.#segments.add(segment);
      this.#removeIfDone(segment);
      return { segment, lines };
    } catch {
      return undefined;
    }
  }

  async #writeAll(): Promise<void> {
    // Whatever is asked for in the same turn goes along.
    await Promise.resolve();
    while (this.#toWrite.length > 0) {
      const writings = this.#toWrite.splice(0);
      const segment = await this.#write(writings);
      for (const { done } of writings) done(segment);
    }
  }

  async #write(writings: Writing[]): Promise<Segment | undefined> {
    try {
      if (this.#current && this.#current.segment.bytes >= SEGMENT_BYTES_FULL) await this.#closeCurrent();
      this.#current ??= await this.#begin();
      const { segment, handle } = this.#current;
      const text = writings.map(({ line }) => `${line}\n`).join('');
      // Before anything of it can be settled.
      segment.open += writings.length;
      try {
        await handle.appendFile(text);
      } catch (error) {
        segment.open -= writings.length;
        await this.#closeCurrent();
        throw error;
      }
      segment.bytes += Buffer.byteLength(text);
      this.#error = undefined;
      return segment;
    } catch (error) {
      this.#error = (error as { code?: string }).code ?? 'the disk does not take it';
      return undefined;
    }
  }

  async #begin(): Promise<{ segment: Segment; handle: FileHandle }> {
    const path = this.#newPath();
    const handle = await open(path, 'ax', 0o600);
    const segment = { path, bytes: 0, open: 0, isCurrent: true };
    this.#segments.add(segment);
    return { segment, handle };
  }

  #newPath(): string {
    return join(this.#folder, `pharos-${this.#host}-${process.pid}-${this.#token}-${this.#count++}.ndjson`);
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (!current) return;
    await current.handle.close().catch(() => undefined);
    current.segment.isCurrent = false;
    this.#removeIfDone(current.segment);
  }

  #removeIfDone(segment: Segment): void {
    if (segment.open > 0) return;
    if (segment.isCurrent) {
      // Nothing waits, so the next event begins a new one.
      if (this.#writing === undefined && this.#current?.segment === segment) void this.#closeCurrent();
      return;
    }
    this.#segments.delete(segment);
    const removal = unlink(segment.path)
      .catch(() => undefined)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #beat(): Promise<void> {
    const now = new Date();
    for (const segment of this.#segments) await utimes(segment.path, now, now).catch(() => undefined);
  }
}

/** Whether a process with this id is there; one of another user is. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== 'ESRCH';
  }
}
