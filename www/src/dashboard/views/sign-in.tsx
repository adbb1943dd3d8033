// For whoever is not signed in: how to get in. There is no password; a link made on the server is the key.

export function SignInView({ problem }: { problem: string | undefined }) {
  return (
    <section class="sign-in">
      <h1>Sign in</h1>
      {problem && (
        <div class="problem" role="alert">
          <p>{problem}</p>
        </div>
      )}
      <p>Open the sign-in link that the server printed when it first started.</p>
      <p>Used or lost? On the machine where Pharos runs, this prints a new one:</p>
      <pre tabIndex={0}>
        <code>pharos login-link</code>
      </pre>
      <p class="muted">Each link works once, within 15 minutes. You stay signed in on this browser.</p>
    </section>
  );
}
