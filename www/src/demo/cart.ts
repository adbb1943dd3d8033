// What the visitor wants to buy: product ids and how many. Lives as long as the tab.

import { PRODUCTS, type Product } from './catalogue';

/** Product id to quantity, at least 1. */
export type Cart = Readonly<Record<string, number>>;

export interface CartLine {
  product: Product;
  quantity: number;
}

const KEY = 'fanal_cart';
/** More of one lamp than anybody needs. */
export const QUANTITY_MAX = 20;

export function loadCart(): Cart {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
    return typeof stored === 'object' && stored !== null ? (stored as Cart) : {};
  } catch {
    return {};
  }
}

export function saveCart(cart: Cart): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(cart));
  } catch {
    // No storage here: the cart is gone after a reload, and that is all.
  }
}

/** The cart with `change` more of `id`; a quantity of nothing leaves the cart. */
export function changed(cart: Cart, id: string, change: number): Cart {
  const quantity = Math.min((cart[id] ?? 0) + change, QUANTITY_MAX);
  const { [id]: _, ...others } = cart;
  return quantity > 0 ? { ...others, [id]: quantity } : others;
}

/** The cart's lines, in the order of the catalogue. */
export function linesOf(cart: Cart): CartLine[] {
  return PRODUCTS.flatMap((product) => {
    const quantity = cart[product.id];
    return quantity ? [{ product, quantity }] : [];
  });
}

export function itemsIn(cart: Cart): number {
  return linesOf(cart).reduce((sum, line) => sum + line.quantity, 0);
}

/** In euros. */
export function totalOf(cart: Cart): number {
  return linesOf(cart).reduce((sum, line) => sum + line.quantity * line.product.price, 0);
}
