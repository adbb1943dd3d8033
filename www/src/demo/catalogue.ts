// What the shop sells. Made up, like the shop.

import beam from './lamps/beam.svg';
import fyr from './lamps/fyr.svg';
import luna from './lamps/luna.svg';
import mira from './lamps/mira.svg';
import pico from './lamps/pico.svg';
import skerry from './lamps/skerry.svg';
import strand from './lamps/strand.svg';
import vesper from './lamps/vesper.svg';
import wick from './lamps/wick.svg';

export const CATEGORIES = ['Table', 'Ceiling', 'Outdoors', 'Candles'] as const;
export type Category = (typeof CATEGORIES)[number];

export interface Product {
  id: string;
  name: string;
  category: Category;
  /** In euros. */
  price: number;
  line: string;
  story: string;
  picture: string;
}

export const PRODUCTS: readonly Product[] = [
  {
    id: 'skerry',
    name: 'Skerry',
    category: 'Table',
    price: 89,
    line: 'Spun steel, terracotta enamel',
    story:
      'A low, wide glow for the end of a sideboard. The shade is spun from one sheet and enamelled twice.',
    picture: skerry,
  },
  {
    id: 'fyr',
    name: 'Fyr',
    category: 'Outdoors',
    price: 64,
    line: 'Storm lantern, 20 hours a fill',
    story: 'Hang it in the rain. The glass lifts by the handle, the wick trims itself, the wind may try.',
    picture: fyr,
  },
  {
    id: 'vesper',
    name: 'Vesper',
    category: 'Ceiling',
    price: 129,
    line: 'Glass pendant, sea green',
    story: 'Mouth-blown over a beech mould, so that no two agree about where the light should go.',
    picture: vesper,
  },
  {
    id: 'mira',
    name: 'Mira',
    category: 'Ceiling',
    price: 39,
    line: 'Paper globe, 45 cm',
    story: 'Mulberry paper over split bamboo. Folds flat, weighs next to nothing, makes any room gentler.',
    picture: mira,
  },
  {
    id: 'pico',
    name: 'Pico',
    category: 'Table',
    price: 74,
    line: 'Desk lamp with two joints',
    story: 'Stays exactly where it is put. Two joints, no springs, a switch you can find in the dark.',
    picture: pico,
  },
  {
    id: 'wick',
    name: 'Wick, three',
    category: 'Candles',
    price: 24,
    line: 'Rapeseed wax, no scent',
    story: 'Three heights, three colours, about ninety hours together. Burns clean and smells of nothing.',
    picture: wick,
  },
  {
    id: 'strand',
    name: 'Strand',
    category: 'Outdoors',
    price: 46,
    line: 'Seven bulbs on five metres',
    story: 'For the long table in the garden. Join as many as you have friends.',
    picture: strand,
  },
  {
    id: 'luna',
    name: 'Luna',
    category: 'Table',
    price: 52,
    line: 'Night light on an oak base',
    story: 'Dims itself over an hour. Made for people who read one more page, then one more.',
    picture: luna,
  },
  {
    id: 'beam',
    name: 'Beam',
    category: 'Outdoors',
    price: 31,
    line: 'Torch, 300 lumens',
    story: 'Brass under the paint, one button, and a battery that any shop on the way will have.',
    picture: beam,
  },
];

/** The product called `id`, if we have it. */
export function productById(id: string): Product | undefined {
  return PRODUCTS.find((product) => product.id === id);
}

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 });

/** `€89`. */
export function priceText(price: number): string {
  return euros.format(price);
}
