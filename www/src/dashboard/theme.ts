// Light, dark, or as the system has it: chosen once, kept in this browser.

import { useEffect, useState } from 'preact/hooks';

export const THEMES = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;
export type Theme = keyof typeof THEMES;

const KEY = 'pharos_theme';
const CHANGED = 'pharos-theme';

/** The theme chosen; where nothing can be kept, the system's. */
export function theme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

/** Shows a theme, and remembers it where that is possible. */
export function setTheme(next: Theme): void {
  show(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing: the theme lasts as long as the page.
  }
  dispatchEvent(new Event(CHANGED));
}

/** To be called before anything is drawn. */
export function startTheme(): void {
  show(theme());
}

/** A number that changes whenever the colours do: for what is painted by hand. */
export function usePalette(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setVersion((before) => before + 1);
    system.addEventListener('change', changed);
    addEventListener(CHANGED, changed);
    return () => {
      system.removeEventListener('change', changed);
      removeEventListener(CHANGED, changed);
    };
  }, []);
  return version;
}

function show(next: Theme): void {
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}
