// The only file that keeps anything beyond the page: localStorage, under names of ours. Where the browser
// forbids that, has no room, or the visitor has not agreed, it keeps the same in the page's memory. What is kept
// is text; it decides nothing.

/** Names and texts, kept as far as is allowed. */
export class Store {
  readonly #prefix: string;
  /** What is not in the browser's storage. */
  readonly #memory = new Map<string, string>();
  #persist: boolean;

  /** `project` keeps apart what belongs to different projects on one site. */
  constructor(project: string, persist: boolean) {
    this.#prefix = `pharos.${project}.`;
    this.#persist = persist;
  }

  get(name: string): string | undefined {
    return (
      this.#memory.get(name) ?? this.#stored((storage) => storage.getItem(this.#prefix + name)) ?? undefined
    );
  }

  /** Keeps `text`. `false`: in memory only. */
  set(name: string, text: string): boolean {
    const kept =
      this.#persist && this.#stored((storage) => (storage.setItem(this.#prefix + name, text), true));
    if (kept) this.#memory.delete(name);
    else this.#memory.set(name, text);
    return !!kept;
  }

  /** Whether what is under `name` outlives the page. */
  outlivesPage(name: string): boolean {
    return !this.#memory.has(name);
  }

  remove(name: string): void {
    this.#memory.delete(name);
    this.#stored((storage) => storage.removeItem(this.#prefix + name));
  }

  /** The names that begin so, in order. */
  names(start: string): string[] {
    const { length } = this.#prefix;
    const stored = this.#stored((storage) => Object.keys(storage)) ?? [];
    return stored
      .filter((name) => name.startsWith(this.#prefix))
      .map((name) => name.slice(length))
      .concat([...this.#memory.keys()])
      .filter((name) => name.startsWith(start))
      .sort();
  }

  /** Tells when another tab changes what is kept under `name`, until the returned function is called. */
  watch(name: string, tell: () => void): () => void {
    const changed = ({ key }: StorageEvent) => key === this.#prefix + name && tell();
    addEventListener('storage', changed);
    return () => removeEventListener('storage', changed);
  }

  /** The visitor agreed: what was in memory is kept from here on. */
  persist(): void {
    this.#persist = true;
    for (const [name, text] of [...this.#memory]) this.set(name, text);
  }

  /** Forgets everything, and keeps nothing from here on. */
  clear(): void {
    for (const name of this.names('')) this.remove(name);
    this.#persist = false;
  }

  /** Asks the browser's storage. `undefined` where there is none, or no room. */
  #stored<R>(ask: (storage: Storage) => R): R | undefined {
    try {
      return ask(localStorage);
    } catch {
      return undefined;
    }
  }
}
