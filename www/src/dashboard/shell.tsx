// The frame around every view: the navigation at the side, or behind a button on a phone, and what is always
// there: whether the server takes events, the theme, the way out.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Readiness } from './components/readiness';
import { addressWith, usePlace, type Place } from './router';
import { THEMES, setTheme, theme, type Theme } from './theme';
import { GROUPS } from './views';

interface ShellProps {
  children: ComponentChildren;
  /** None: nobody is signed in, and there is nowhere to go. */
  onSignOut: (() => void) | undefined;
}

export function Shell({ children, onSignOut }: ShellProps) {
  const place = usePlace();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [place]);

  return (
    <div class="shell" data-signed-in={onSignOut !== undefined}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar-top">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Pharos</span>
        </a>
        {onSignOut && (
          <button
            type="button"
            class="button menu"
            aria-expanded={isOpen}
            aria-controls="navigation"
            onClick={() => setOpen(!isOpen)}
          >
            Menu
          </button>
        )}
      </header>
      <div id="navigation" class="side" data-open={isOpen}>
        {onSignOut && <Navigation place={place} />}
        <footer class="side-foot">
          <Readiness />
          <ThemeChoice />
          <div class="side-links">
            <a href="/demo/">Demo shop</a>
            {onSignOut && (
              <button type="button" class="link" onClick={onSignOut}>
                Sign out
              </button>
            )}
          </div>
        </footer>
      </div>
      <main id="main">{children}</main>
    </div>
  );
}

function Navigation({ place }: { place: Place }) {
  return (
    <nav aria-label="Views">
      {GROUPS.map(({ title, views }) => (
        <div key={title} class="nav-group">
          <h2>{title}</h2>
          <ul>
            {views.map((view) => (
              <li key={view.path}>
                <a
                  href={linkTo(view.path, place)}
                  aria-current={view.path === place.path ? 'page' : undefined}
                >
                  {view.title}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** The range goes along from view to view; filters are each view's own. */
function linkTo(path: string, { params }: Place): string {
  const kept = { range: params.get('range'), from: params.get('from'), to: params.get('to') };
  return addressWith({ path, params: new URLSearchParams() }, kept);
}

function ThemeChoice() {
  const [chosen, setChosen] = useState<Theme>(theme);
  return (
    <label class="theme-choice">
      <span class="visually-hidden">Theme</span>
      <select
        value={chosen}
        onChange={(event) => {
          const next = event.currentTarget.value as Theme;
          setTheme(next);
          setChosen(next);
        }}
      >
        {Object.entries(THEMES).map(([value, text]) => (
          <option key={value} value={value} selected={value === chosen}>
            {value === 'system' ? 'Theme: system' : `Theme: ${text.toLowerCase()}`}
          </option>
        ))}
      </select>
    </label>
  );
}
