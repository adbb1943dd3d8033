// Calls of the page that nobody has dealt with yet, in order: those made before the wasm is there, and afterwards
// those of the last moments, since many are judged faster together than one by one. Bounded: a page whose wasm
// never comes must not pay for it in memory. They are raw, and end with the page.

/** Calls kept at most. */
const CALLS_MAX = 1000;

/** Characters of text these calls hold at most, and of one event's properties at any time. */
export const CHARS_MAX = 1 << 20;

/** An event as the page tracked it: its name, its properties as JSON, and when, in milliseconds since 1970. */
export type Tracked = [name: string, properties: string, at: number];

let calls: (Tracked | (() => void))[] = [];
let chars = 0;

/** Keeps a call that holds so many characters; `false` when there is no room for it. */
export function keepCall(call: Tracked | (() => void), more: number): boolean {
  if (calls.length >= CALLS_MAX || chars + more > CHARS_MAX) return false;
  chars += more;
  calls.push(call);
  return true;
}

/** Forgets all calls and returns them. */
export function takeCalls(): typeof calls {
  const taken = calls;
  calls = [];
  chars = 0;
  return taken;
}
