// Sign-up: what is typed here is personal, and is passed to trackEvent on purpose, both under names that
// say so and inside free text. The panel shows what is left of it. The name is not passed on: no rule can
// tell a name from any other word, and a shop should not try its luck.

import { useRef, useState } from 'preact/hooks';
import { track } from '../telemetry';
import { Field, fill, valuesOf } from './field';

const EXAMPLE = {
  name: 'Ada Holm',
  email: 'ada.holm@example.org',
  phone: '+47 22 85 50 50',
  address: '12 Harbour Lane, 0150 Oslo',
};

export function SignUpView() {
  const form = useRef<HTMLFormElement>(null);
  const [welcome, setWelcome] = useState<string | null>(null);

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!form.current) return;
    const { name, email, phone, address, news } = valuesOf(form.current);
    track('sign_up_submitted', {
      email,
      phone,
      address,
      newsletter: news === 'yes',
      note: `Confirmation goes to ${email}, or call ${phone}`,
    });
    setWelcome(name || 'friend');
  }

  if (welcome !== null) {
    return (
      <div class="empty">
        <h1 tabIndex={-1}>Welcome, {welcome}</h1>
        <p class="muted">
          Now find <code>sign_up_submitted</code> in the panel: what you typed is not in it.
        </p>
        <a class="button" href="#/">
          Look at lamps
        </a>
      </div>
    );
  }
  return (
    <div class="narrow">
      <h1 tabIndex={-1}>Join Fanal</h1>
      <p class="muted">
        This form hands your e-mail, phone and address to the telemetry on purpose, so that you can see they
        never leave this page.
      </p>
      <form class="form" ref={form} onSubmit={submit}>
        <Field label="Name" name="name" autocomplete="name" />
        <Field label="E-mail" name="email" type="email" autocomplete="email" />
        <Field label="Phone" name="phone" type="tel" autocomplete="tel" />
        <Field label="Address" name="address" autocomplete="street-address" />
        <label class="check">
          <input type="checkbox" name="news" value="yes" />
          <span>Write to me when a new lamp is lit</span>
        </label>
        <div class="buttons">
          <button type="submit" class="button">
            Join
          </button>
          <button
            type="button"
            class="button quiet"
            onClick={() => form.current && fill(form.current, EXAMPLE)}
          >
            Fill in an example
          </button>
        </div>
      </form>
    </div>
  );
}
