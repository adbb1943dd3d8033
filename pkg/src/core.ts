// The wasm, as the rest of the SDK sees it: text in, text and numbers out. Loading it and its memory are this
// file's business alone; what it decides is sdk-wasm's.
//
// The glue that wasm-bindgen writes is left out: only numbers cross the boundary and the wasm imports nothing
// (build.mjs), so all it would do is to pass them on, in twice the bytes of this file. Its types are used, so the
// compiler notices if the boundary changes.

import type { InitOutput } from '../wasm/pharos_sdk.js';

/** The first room for text: what all but a few pages need. */
const ROOM_BYTES_MIN = 16 * 1024;
/** What a UTF-16 unit takes in UTF-8 at most. */
const BYTES_A_UNIT = 3;

/** What an answer means, where it is no wait in milliseconds. */
export const VERDICTS = -1;
export const REFUSED = -2;

/** Judges, strips and writes events. */
export type Core = Awaited<ReturnType<typeof loadCore>>;

/** Loads the wasm and makes a core. Compiled off the main thread, as it arrives. */
export async function loadCore(from: string | URL) {
  const response = await fetch(from);
  if (!response.ok) throw new Error(`failed to fetch ${response.url}: ${response.status}`);
  const { instance } = await (/wasm/.test(response.headers.get('content-type') ?? '')
    ? WebAssembly.instantiateStreaming(response)
    : WebAssembly.instantiate(await response.arrayBuffer()));
  const wasm = instance.exports as unknown as InitOutput;
  const { memory } = wasm;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  wasm.start(high, low);
  /** Where text goes in. Empty after the memory has grown. */
  let room = new Uint8Array();
  let roomAt = 0;
  let roomBytes = 0;

  function put(text: string): number {
    const bytes = text.length * BYTES_A_UNIT;
    if (bytes > roomBytes) {
      roomBytes = Math.max(bytes, ROOM_BYTES_MIN);
      roomAt = wasm.room(roomBytes);
      room = new Uint8Array();
    }
    if (!room.length) room = new Uint8Array(memory.buffer, roomAt, roomBytes);
    return encoder.encodeInto(text, room).written;
  }

  const get = (bytes: number): string =>
    bytes ? decoder.decode(new Uint8Array(memory.buffer, wasm.text(), bytes)) : '';

  return {
    /**
     * Writes events, two lines each: `TIME NAME`, with the time in milliseconds, and properties as JSON. `chunk` is
     * given the elements of a JSON array, how many, and their bytes. Returns how many events broke a rule.
     */
    write(lines: string, chunk: (text: string, events: number, bytes: number) => void): number {
      for (let bytes = wasm.write(put(lines)); bytes; bytes = wasm.write(0)) {
        chunk(get(bytes), wasm.events(), bytes);
      }
      return wasm.refused();
    },

    /** Why the last event was refused: a code, and where. Empty if it was not. */
    refusal: () => get(wasm.refusal()),

    /** The number of the session's next event. */
    nextSeq: () => wasm.next_seq(),

    setSession: (id: string, nextSeq: number) => wasm.session(put(id), nextSeq),

    identify: (id: string) => wasm.identify(put(id)),

    /** `facts`, a JSON object, stripped. */
    context: (facts: string) => get(wasm.context(put(facts))),

    /** Sets what is stripped. Returns what is wrong with the rules, or nothing. */
    setRules: (rules: string) => get(wasm.rules(put(rules))),

    /** How much was stripped since last asked, by kind: members of a JSON object. */
    redacted: () => get(wasm.redacted()),

    listRedactions: () => wasm.list_redactions(),

    /** What was stripped from the last event: `path kind`, a line each. */
    redactions: () => get(wasm.redactions()),

    /** {@link VERDICTS}, {@link REFUSED}, or how long to wait. `named`: the answer named every event. */
    answered: (status: number, named: boolean, retryAfter: number) =>
      wasm.answered(status, +named, retryAfter, Math.random()),
  };
}
