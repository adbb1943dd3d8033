// All lamps: search, kinds, order. Searches are tracked when the visitor stops typing.

import { useEffect, useRef, useState } from 'preact/hooks';
import { CATEGORIES, PRODUCTS, priceText, type Category, type Product } from '../catalogue';
import { track } from '../telemetry';

type Order = 'ours' | 'cheapest' | 'dearest';

const ORDERS: Record<Order, string> = {
  ours: 'Our choice',
  cheapest: 'Cheapest',
  dearest: 'Dearest',
};

/** A pause this long ends a search. */
const TYPING_PAUSE_MS = 700;

export function LampsView(props: { onAdd: (product: Product) => void }) {
  const [category, setCategory] = useState<Category | 'All'>('All');
  const [query, setQuery] = useState('');
  const [order, setOrder] = useState<Order>('ours');
  const shown = found(category, query, order);
  useSearchTracking(query, shown.length);

  function filter(next: Category | 'All') {
    setCategory(next);
    track('filter_used', { filter: 'category', value: next, results: found(next, query, order).length });
  }

  function sort(next: Order) {
    setOrder(next);
    track('filter_used', { filter: 'order', value: next, results: shown.length });
  }

  return (
    <>
      <div class="hero">
        <h1 tabIndex={-1}>Light for long evenings</h1>
        <p>
          Nine lamps and lanterns, made to be repaired. Look around: every click tells the panel something.
        </p>
      </div>

      <form class="filters" role="search" aria-label="Lamps" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="chips">
          <legend class="visually-hidden">Kind</legend>
          {(['All', ...CATEGORIES] as const).map((name) => (
            <label key={name} class="chip">
              <input
                type="radio"
                name="category"
                value={name}
                checked={category === name}
                onChange={() => filter(name)}
              />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <div class="filters-end">
          <label>
            <span class="visually-hidden">Search</span>
            <input
              type="search"
              name="query"
              placeholder="Search lamps"
              autocomplete="off"
              value={query}
              onInput={(event) => setQuery(event.currentTarget.value)}
            />
          </label>
          <label>
            <span class="visually-hidden">Order</span>
            <select name="order" value={order} onChange={(event) => sort(event.currentTarget.value as Order)}>
              {Object.entries(ORDERS).map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        </div>
      </form>

      <p class="visually-hidden" role="status">
        {shown.length} {shown.length === 1 ? 'lamp' : 'lamps'}
      </p>
      {shown.length === 0 ? (
        <div class="empty">
          <p>No lamp of ours is called that.</p>
          <button type="button" class="button quiet" onClick={() => (setQuery(''), setCategory('All'))}>
            Show all lamps
          </button>
        </div>
      ) : (
        <ul class="grid">
          {shown.map((product) => (
            <Card key={product.id} product={product} onAdd={props.onAdd} />
          ))}
        </ul>
      )}
    </>
  );
}

function Card({ product, onAdd }: { product: Product; onAdd: (product: Product) => void }) {
  return (
    <li class="card">
      <a
        class={`tile tile-${product.category.toLowerCase()}`}
        href={`#/lamps/${product.id}`}
        tabIndex={-1}
        aria-hidden="true"
      >
        <img src={product.picture} alt="" width="320" height="320" />
      </a>
      <div class="card-text">
        <h2>
          <a href={`#/lamps/${product.id}`}>{product.name}</a>
        </h2>
        <p class="muted">{product.line}</p>
        <p class="price">{priceText(product.price)}</p>
        <button
          type="button"
          class="button small"
          aria-label={`Add ${product.name} to the cart`}
          onClick={() => onAdd(product)}
        >
          Add
        </button>
      </div>
    </li>
  );
}

function found(category: Category | 'All', query: string, order: Order): Product[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = PRODUCTS.filter((product) => {
    const text = `${product.name} ${product.line} ${product.category} ${product.story}`.toLowerCase();
    return (
      (category === 'All' || product.category === category) && words.every((word) => text.includes(word))
    );
  });
  if (order === 'cheapest') shown.sort((a, b) => a.price - b.price);
  if (order === 'dearest') shown.sort((a, b) => b.price - a.price);
  return shown;
}

function useSearchTracking(query: string, results: number) {
  const tracked = useRef('');
  useEffect(() => {
    const text = query.trim();
    if (text === tracked.current) return;
    const timer = setTimeout(() => {
      tracked.current = text;
      if (text) track('search_performed', { query: text, results });
    }, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [query, results]);
}
