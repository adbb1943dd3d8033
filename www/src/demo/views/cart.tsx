// The cart: quantities, total, and on to checkout.

import { QUANTITY_MAX, linesOf, totalOf, type Cart } from '../cart';
import { priceText, type Product } from '../catalogue';

export function CartView(props: { cart: Cart; onChange: (product: Product, by: number) => void }) {
  const lines = linesOf(props.cart);
  if (lines.length === 0) {
    return (
      <div class="empty">
        <h1 tabIndex={-1}>Your cart is empty</h1>
        <p class="muted">It is darker than it needs to be.</p>
        <a class="button" href="#/">
          Look at lamps
        </a>
      </div>
    );
  }
  return (
    <>
      <h1 tabIndex={-1}>Your cart</h1>
      <ul class="lines">
        {lines.map(({ product, quantity }) => (
          <li key={product.id} class="line">
            <div class={`tile thumb tile-${product.category.toLowerCase()}`}>
              <img src={product.picture} alt="" width="80" height="80" />
            </div>
            <div class="line-text">
              <h2>
                <a href={`#/lamps/${product.id}`}>{product.name}</a>
              </h2>
              <p class="muted">{priceText(product.price)} each</p>
            </div>
            <div class="stepper" role="group" aria-label={`Quantity of ${product.name}`}>
              <button
                type="button"
                aria-label={`One ${product.name} fewer`}
                onClick={() => props.onChange(product, -1)}
              >
                −
              </button>
              <span aria-live="polite">{quantity}</span>
              <button
                type="button"
                aria-label={`One ${product.name} more`}
                disabled={quantity >= QUANTITY_MAX}
                onClick={() => props.onChange(product, 1)}
              >
                +
              </button>
            </div>
            <p class="price">{priceText(quantity * product.price)}</p>
            <button
              type="button"
              class="link"
              aria-label={`Remove ${product.name} from the cart`}
              onClick={() => props.onChange(product, -quantity)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <div class="total">
        <p>
          Total <strong>{priceText(totalOf(props.cart))}</strong>
        </p>
        <a class="button" href="#/checkout">
          Checkout
        </a>
      </div>
    </>
  );
}
