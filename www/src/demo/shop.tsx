// The shop's frame: header, the view that the address names, the cart, and the panel beside it all.
// Every view change is a page_view; what happens inside a view is tracked there.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { changed, itemsIn, loadCart, saveCart, type Cart } from './cart';
import { productById, type Product } from './catalogue';
import { Received } from './received';
import { useRoute, type Route } from './route';
import { startTelemetry, track, type Telemetry } from './telemetry';
import { CartView } from './views/cart';
import { CheckoutView } from './views/checkout';
import { LampView } from './views/lamp';
import { LampsView } from './views/lamps';
import { SignUpView } from './views/sign-up';
import { ThanksView } from './views/thanks';

const TITLES: Record<Route['page'], string> = {
  lamps: 'Lamps and lanterns',
  lamp: 'A lamp',
  cart: 'Your cart',
  sign_up: 'Join',
  checkout: 'Checkout',
  thanks: 'Thank you',
};

export function Shop() {
  const route = useRoute();
  const [cart, setCart] = useState<Cart>(loadCart);
  const [telemetry, setTelemetry] = useState<Telemetry>({ state: 'starting' });
  const [said, setSaid] = useState('');

  useEffect(() => void startTelemetry().then(setTelemetry), []);
  useEffect(() => saveCart(cart), [cart]);
  useViewChange(route);

  function add(product: Product) {
    const next = changed(cart, product.id, 1);
    setCart(next);
    setSaid(`${product.name} is in your cart`);
    track('add_to_cart', {
      product_id: product.id,
      price: product.price,
      currency: 'EUR',
      items_in_cart: itemsIn(next),
    });
  }

  function change(product: Product, by: number) {
    if (by > 0) return add(product);
    const next = changed(cart, product.id, by);
    setCart(next);
    setSaid(`${product.name} removed`);
    track('remove_from_cart', {
      product_id: product.id,
      quantity: -by,
      items_in_cart: itemsIn(next),
    });
  }

  return (
    <div class="page">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the lamps
      </a>
      <Header items={itemsIn(cart)} page={route.page} />
      <div class="columns">
        <main id="main" tabIndex={-1}>
          {route.page === 'lamps' && <LampsView onAdd={add} />}
          {route.page === 'lamp' && <LampView key={route.id} id={route.id} onAdd={add} />}
          {route.page === 'cart' && <CartView cart={cart} onChange={change} />}
          {route.page === 'sign_up' && <SignUpView />}
          {route.page === 'checkout' && <CheckoutView cart={cart} onPaid={() => setCart({})} />}
          {route.page === 'thanks' && <ThanksView />}
          <Footer />
        </main>
        <Received telemetry={telemetry} />
      </div>
      <p class="visually-hidden" role="status">
        {said}
      </p>
    </div>
  );
}

/** Tracks the view, names it in the title, and moves the focus to its heading (not on the first one). */
function useViewChange(route: Route) {
  const first = useRef(true);
  const lamp = route.page === 'lamp' ? productById(route.id) : undefined;
  const where = route.page === 'lamp' ? route.id : route.page;
  // Before the effects of the view itself, so that its own events come after.
  useLayoutEffect(() => {
    document.title = `${lamp?.name ?? TITLES[route.page]} · Fanal`;
    track('page_view', { page: route.page, title: lamp?.name ?? TITLES[route.page] });
    if (!first.current) {
      scrollTo(0, 0);
      document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [where]);
}

/** `#main` would be read as a view's address, so the skip link moves the focus by hand. */
function focusMain(event: Event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Header(props: { items: number; page: Route['page'] }) {
  const current = (page: Route['page']) => (props.page === page ? 'page' : undefined);
  return (
    <header class="header">
      <a class="brand" href="#/">
        <img src="/favicon.svg" alt="" width="36" height="36" />
        <span>Fanal</span>
      </a>
      <nav aria-label="Shop">
        <a href="#/" aria-current={current('lamps')}>
          Lamps
        </a>
        <a href="#/sign-up" aria-current={current('sign_up')}>
          Join
        </a>
        <a class="cart-link" href="#/cart" aria-current={current('cart')}>
          Cart
          <span class="badge" data-empty={props.items === 0}>
            {props.items}
            <span class="visually-hidden"> {props.items === 1 ? 'lamp' : 'lamps'}</span>
          </span>
        </a>
      </nav>
    </header>
  );
}

function Footer() {
  return (
    <footer class="footer">
      <p>
        Fanal is a made-up shop: nothing is sold, nothing is charged. It shows what <a href="/">Pharos</a>{' '}
        records of a visit, and what it leaves out.
      </p>
    </footer>
  );
}
