// One lamp.

import { useEffect } from 'preact/hooks';
import { priceText, productById, type Product } from '../catalogue';
import { track } from '../telemetry';

export function LampView({ id, onAdd }: { id: string; onAdd: (product: Product) => void }) {
  const product = productById(id);

  useEffect(() => {
    if (!product) return;
    track('product_viewed', {
      product_id: product.id,
      name: product.name,
      category: product.category,
      price: product.price,
      currency: 'EUR',
    });
  }, [product]);

  if (!product) {
    return (
      <div class="empty">
        <h1 tabIndex={-1}>No such lamp</h1>
        <a class="button quiet" href="#/">
          Show all lamps
        </a>
      </div>
    );
  }
  return (
    <article class="lamp">
      <div class={`tile tile-${product.category.toLowerCase()}`}>
        <img src={product.picture} alt={`Drawing of ${product.name}`} width="320" height="320" />
      </div>
      <div class="lamp-text">
        <p class="eyebrow">{product.category}</p>
        <h1 tabIndex={-1}>{product.name}</h1>
        <p class="muted">{product.line}</p>
        <p>{product.story}</p>
        <p class="price big">{priceText(product.price)}</p>
        <div class="buttons">
          <button type="button" class="button" onClick={() => onAdd(product)}>
            Add to cart
          </button>
          <a class="button quiet" href="#/">
            All lamps
          </a>
        </div>
      </div>
    </article>
  );
}
