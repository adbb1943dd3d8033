// After paying.

export function ThanksView() {
  return (
    <div class="empty">
      <h1 tabIndex={-1}>Thank you. It will be brighter soon.</h1>
      <p class="muted">
        In the panel, <code>purchase_completed</code> names the lamps and the total. The card, the address and
        the e-mail stayed here.
      </p>
      <a class="button" href="#/">
        Once more
      </a>
    </div>
  );
}
