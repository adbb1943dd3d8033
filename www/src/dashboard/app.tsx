// Who is looking, and which view they get. Signing in and out happens here; everything else is the views'.

import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SignedOut, session, signIn, signOut, whenSignedOut, type Session } from './api';
import { Empty, Problem, Skeleton } from './components/states';
import { go, usePlace } from './router';
import { Shell } from './shell';
import { viewAt, type ViewProps } from './views';
import { SignInView } from './views/sign-in';

type Visitor =
  | { state: 'unknown' }
  | { state: 'unreachable'; error: Error }
  | { state: 'signed_out'; problem?: string | undefined }
  | { state: 'signed_in'; session: Session };

export function App() {
  const [visitor, setVisitor] = useState<Visitor>({ state: 'unknown' });
  const { path } = usePlace();

  const enter = () => {
    setVisitor({ state: 'unknown' });
    void arrive().then(setVisitor);
  };
  useEffect(() => {
    whenSignedOut(() =>
      setVisitor((before) =>
        before.state === 'signed_in' ? { state: 'signed_out', problem: 'You were signed out.' } : before,
      ),
    );
    enter();
  }, []);

  const leave = () => void signOut().finally(() => setVisitor({ state: 'signed_out' }));

  return (
    <Shell onSignOut={visitor.state === 'signed_in' ? leave : undefined}>
      {visitor.state === 'unknown' && <Skeleton shape="cards" />}
      {visitor.state === 'unreachable' && <Problem error={visitor.error} onRetry={enter} />}
      {visitor.state === 'signed_out' && <SignInView problem={visitor.problem} />}
      {visitor.state === 'signed_in' && <Viewed path={path} ingestKey={visitor.session.ingest_key} />}
    </Shell>
  );
}

/** The view of an address, whose code is loaded when it is first looked at. */
function Viewed({ path, ingestKey }: { path: string } & ViewProps) {
  const [loaded, setLoaded] = useState<{ path: string; View: FunctionComponent<ViewProps> } | null>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  const view = viewAt(path);

  const load = () => {
    setProblem(null);
    view?.load().then(
      ({ default: View }) => setLoaded({ path, View }),
      () => setProblem(new Error('This part of the dashboard could not be loaded.')),
    );
  };
  useEffect(load, [path]);

  if (!view) {
    return (
      <Empty>
        <h1>Nothing here</h1>
        <p>
          Go to the <a href="/">overview</a>.
        </p>
      </Empty>
    );
  }
  if (problem) return <Problem error={problem} onRetry={load} />;
  if (loaded?.path !== path) return <Skeleton shape="cards" />;
  return <loaded.View ingestKey={ingestKey} />;
}

/** Signs in if the address carries a token (`/login#<token>`), then asks who is there. */
async function arrive(): Promise<Visitor> {
  const token = location.pathname === '/login' ? location.hash.slice(1) : '';
  // Out of the address and the history before anything else: it is a secret until it is used.
  if (location.pathname === '/login') go('/', 'replace');
  try {
    if (token) await signIn(token);
    return { state: 'signed_in', session: await session() };
  } catch (error) {
    if (error instanceof SignedOut) {
      const problem = token ? 'This sign-in link was used before, or is too old.' : undefined;
      return { state: 'signed_out', problem };
    }
    return { state: 'unreachable', error: error instanceof Error ? error : new Error(String(error)) };
  }
}
