// The wasm, as the rest of the SDK sees it: text in, text and numbers out. Loading it and its memory are this
// file's business alone; what it decides is sdk-wasm's.

import { Core as Wasm, initSync } from '../wasm/pharos_sdk.js';

/** The first room for text: what all but a few events need. */
const ROOM_BYTES_MIN = 4096;
/** What a UTF-16 unit takes in UTF-8 at most. */
const BYTES_A_UNIT = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Loads the wasm and makes a core. Compiled off the main thread, as it arrives. */
export async function loadCore(from: string | URL): Promise<Core> {
  const response = await fetch(from);
  if (!response.ok) throw new Error(`failed to fetch ${response.url}: ${response.status}`);
  const typed = /wasm/.test(response.headers.get('content-type') ?? '');
  const module = await (typed
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer()));
  return new Core(module);
}

/** What an answer means, where it is no wait in milliseconds. */
export const VERDICTS = -1;
export const REFUSED = -2;

/** Judges, strips and writes events. */
export class Core {
  /** What the text returned last takes in UTF-8. */
  bytes = 0;
  readonly #memory: WebAssembly.Memory;
  readonly #wasm: Wasm;
  /** Where text goes in. Empty after the memory has grown. */
  #room = new Uint8Array();
  #roomAt = 0;
  #roomBytes = 0;

  constructor(module: WebAssembly.Module) {
    this.#memory = initSync({ module }).memory;
    const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
    this.#wasm = new Wasm(high, low);
  }

  /** Writes one event, its properties being JSON. Returns the bytes of events not yet taken, -1 if it is invalid. */
  track(name: string, properties: string, now: number): number {
    return this.#wasm.track(name.length, this.#put(name + properties), now);
  }

  /** Why the last event was invalid: a code, and where. */
  refusal(): string {
    return this.#get(this.#wasm.refusal());
  }

  /** The events written since this was last called, as elements of a JSON array. */
  take(): string {
    return this.#get(this.#wasm.take());
  }

  /** The number of the session's next event. */
  nextSeq(): number {
    return this.#wasm.nextSeq();
  }

  setSession(id: string, nextSeq: number): void {
    this.#wasm.session(this.#put(id), nextSeq);
  }

  identify(id: string): void {
    this.#wasm.identify(this.#put(id));
  }

  /** `facts`, a JSON object, stripped. */
  context(facts: string): string {
    return this.#get(this.#wasm.context(this.#put(facts)));
  }

  /** Sets what is stripped. Returns what is wrong with the rules, or nothing. */
  setRules(rules: string): string {
    return this.#get(this.#wasm.rules(this.#put(rules)));
  }

  /** How much was stripped since last asked, by kind: members of a JSON object. */
  redacted(): string {
    return this.#get(this.#wasm.redacted());
  }

  listRedactions(): void {
    this.#wasm.listRedactions();
  }

  /** What was stripped from the last event: `path kind`, a line each. */
  redactions(): string {
    return this.#get(this.#wasm.redactions());
  }

  /** {@link VERDICTS}, {@link REFUSED}, or how long to wait. `named`: the answer named every event. */
  answered(status: number, named: boolean, retryAfter: number): number {
    return this.#wasm.answered(status, named, retryAfter, Math.random());
  }

  #put(text: string): number {
    const bytes = text.length * BYTES_A_UNIT;
    if (bytes > this.#roomBytes) {
      this.#roomBytes = Math.max(bytes, ROOM_BYTES_MIN);
      this.#roomAt = this.#wasm.room(this.#roomBytes);
      this.#room = new Uint8Array();
    }
    if (!this.#room.length) this.#room = new Uint8Array(this.#memory.buffer, this.#roomAt, this.#roomBytes);
    return encoder.encodeInto(text, this.#room).written;
  }

  #get(bytes: number): string {
    this.bytes = bytes;
    return bytes ? decoder.decode(new Uint8Array(this.#memory.buffer, this.#wasm.text(), bytes)) : '';
  }
}
