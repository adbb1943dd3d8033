// Checkout: like the sign-up, it passes personal data to trackEvent on purpose, here a card number inside
// free text and an address inside a nested object.

import { useEffect, useRef } from 'preact/hooks';
import { itemsIn, linesOf, totalOf, type Cart } from '../cart';
import { priceText } from '../catalogue';
import { go } from '../route';
import { track } from '../telemetry';
import { Field, fill, valuesOf } from './field';

const EXAMPLE = {
  email: 'ada.holm@example.org',
  address: '12 Harbour Lane, 0150 Oslo',
  card: '4242 4242 4242 4242',
};

export function CheckoutView({ cart, onPaid }: { cart: Cart; onPaid: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const lines = linesOf(cart);
  const total = totalOf(cart);

  useEffect(() => {
    if (lines.length > 0) track('checkout_started', { items: itemsIn(cart), total, currency: 'EUR' });
  }, []);

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!form.current) return;
    const { email, address, card } = valuesOf(form.current);
    track('purchase_completed', {
      order_id: orderId(),
      total,
      currency: 'EUR',
      items: lines.map(({ product, quantity }) => ({
        product_id: product.id,
        quantity,
        price: product.price,
      })),
      payment: `card ${card}`,
      delivery: { method: 'post', address, contact_email: email },
    });
    onPaid();
    go('thanks');
  }

  if (lines.length === 0) {
    return (
      <div class="empty">
        <h1 tabIndex={-1}>Nothing to pay for</h1>
        <a class="button" href="#/">
          Look at lamps
        </a>
      </div>
    );
  }
  return (
    <div class="narrow">
      <h1 tabIndex={-1}>Checkout</h1>
      <p class="muted">
        {itemsIn(cart)} {itemsIn(cart) === 1 ? 'lamp' : 'lamps'}, {priceText(total)}. Nothing is charged, and
        the card number goes nowhere: watch the panel.
      </p>
      <form class="form" ref={form} onSubmit={submit} autocomplete="off">
        <Field label="E-mail for the receipt" name="email" type="email" />
        <Field label="Delivery address" name="address" />
        <Field
          label="Card number"
          name="card"
          inputMode="numeric"
          pattern="[0-9 ]{12,23}"
          hint="A test number: 4242 4242 4242 4242"
        />
        <div class="buttons">
          <button type="submit" class="button">
            Pay {priceText(total)}
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

/** Letters only, so that nobody takes it for a phone number. */
function orderId(): string {
  const letters = crypto.getRandomValues(new Uint8Array(8));
  return 'order_' + Array.from(letters, (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
