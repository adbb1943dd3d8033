// The only file that keeps anything beyond the page: localStorage, under names of ours. Where the browser
// forbids that, has no room, or the visitor has not agreed, it keeps the same in the page's memory. What is kept
// is text; it decides nothing.

/** Names and texts, kept as far as is allowed. */
export type Store = ReturnType<typeof openStore>;

/** `project` keeps apart what belongs to different projects on one site. */
export function openStore(project: string, persist: boolean) {
  const prefix = `pharos.${project}.`;
  /** What is not in the browser's storage. */
  const memory = new Map<string, string>();
  const store = {
    get: (name: string) =>
      memory.get(name) ?? stored((storage) => storage.getItem(prefix + name)) ?? undefined,

    set(name: string, text: string): void {
      if (persist && stored((storage) => (storage.setItem(prefix + name, text), true))) memory.delete(name);
      else memory.set(name, text);
    },

    /** Whether what is under `name` ends with the page. */
    isFleeting: (name: string) => memory.has(name),

    remove(name: string): void {
      memory.delete(name);
      stored((storage) => storage.removeItem(prefix + name));
    },

    /** The names that begin so, in order. */
    names: (start: string) =>
      (stored(Object.keys) ?? [])
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .concat(...memory.keys())
        .filter((name) => name.startsWith(start))
        .sort(),

    /** The visitor agreed: what was in memory is kept from here on. */
    persist(): void {
      persist = true;
      for (const [name, text] of [...memory]) store.set(name, text);
    },

    /** Forgets everything, and keeps nothing from here on. */
    clear(): void {
      for (const name of store.names('')) store.remove(name);
      persist = false;
    },

    /** Tells when another tab changes what is kept under `name`. */
    watch(name: string, tell: () => void, { signal }: AbortController): void {
      addEventListener('storage', ({ key }) => key === prefix + name && tell(), { signal });
    },
  };
  return store;
}

/** Asks the browser's storage. `undefined` where there is none, or no room. */
function stored<R>(ask: (storage: Storage) => R): R | undefined {
  try {
    return ask(localStorage);
  } catch {
    return undefined;
  }
}
