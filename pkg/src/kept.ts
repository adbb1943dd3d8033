// Calls made before the wasm is ready, kept in order. Bounded: a page whose wasm never comes must not pay
// for it in memory.

/** Calls kept at most. */
export const CALLS_MAX = 1000;

/** Characters of text these calls hold at most, and of one event's properties at any time. */
export const CHARS_MAX = 1 << 20;

/** Calls to be made on a `T` that is not there yet. */
export class Kept<T> {
  #calls: ((target: T) => void)[] = [];
  #chars = 0;

  /** Keeps a call that holds so many characters; `false` when there is no room for it. */
  add(chars: number, call: (target: T) => void): boolean {
    if (this.#calls.length >= CALLS_MAX || this.#chars + chars > CHARS_MAX) return false;
    this.#chars += chars;
    this.#calls.push(call);
    return true;
  }

  /** Makes all calls, oldest first, and forgets them. */
  replay(target: T): void {
    for (const call of this.clear()) call(target);
  }

  /** Forgets all calls and returns them. */
  clear(): ((target: T) => void)[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#chars = 0;
    return calls;
  }
}
