// The dashboard's frame: who is looking, and which view they get. Views live in files of their own.

import { useEffect, useState } from 'preact/hooks';
import { SignedOut, session, signIn, signOut, type Session } from './api';
import { EventsView } from './events-view';
import { Readiness } from './readiness';
import { SignInView } from './sign-in-view';
import { SnippetView } from './snippet-view';

type Visitor =
  { state: 'unknown' } | { state: 'signed_out'; problem?: string } | { state: 'signed_in'; session: Session };

export function App() {
  const [visitor, setVisitor] = useState<Visitor>({ state: 'unknown' });
  useEffect(() => void arrive().then(setVisitor), []);

  const onSignedOut = () => setVisitor({ state: 'signed_out', problem: 'You were signed out.' });
  const leave = () => void signOut().finally(() => setVisitor({ state: 'signed_out' }));

  return (
    <>
      <header class="header">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="32" height="32" />
          <span>Pharos</span>
        </a>
        <Readiness />
        <nav aria-label="Site">
          <a href="/demo/">Demo shop</a>
          {visitor.state === 'signed_in' && (
            <button type="button" class="quiet" onClick={leave}>
              Sign out
            </button>
          )}
        </nav>
      </header>
      <main id="main">
        {visitor.state === 'unknown' && <p class="muted">Looking who you are…</p>}
        {visitor.state === 'signed_out' && <SignInView problem={visitor.problem} />}
        {visitor.state === 'signed_in' && (
          <>
            <EventsView onSignedOut={onSignedOut} />
            <SnippetView ingestKey={visitor.session.ingest_key} />
          </>
        )}
      </main>
    </>
  );
}

/** Signs in if the address carries a token (`/login#<token>`), then asks who is there. */
async function arrive(): Promise<Visitor> {
  const token = location.pathname === '/login' ? location.hash.slice(1) : '';
  // Out of the address and the history before anything else: it is a secret until it is used.
  if (location.pathname === '/login') history.replaceState(null, '', '/');
  try {
    if (token) await signIn(token);
    return { state: 'signed_in', session: await session() };
  } catch (error) {
    if (error instanceof SignedOut && !token) return { state: 'signed_out' };
    if (token && error instanceof SignedOut) {
      return { state: 'signed_out', problem: 'This sign-in link was used before, or is too old.' };
    }
    return { state: 'signed_out', problem: error instanceof Error ? error.message : String(error) };
  }
}
