// @ts-check
// What a visitor does in the demo shop, and the personal data they type into it.

import { until } from './wait.mjs';

/** Planted: none of it may leave the page, in any of these spellings. */
export const PERSON = {
  name: 'Quillon Plantedperson',
  email: 'planted.quillon@mail.example.net',
  phone: '+44 7911 123456',
  address: '221 Plantedway, EH1 9ZZ Edinburgh',
  card: '4111 1111 1111 1111',
};

/** What is searched for: fragments, so that half a secret is found too. */
const TRACES = ['plantedperson', 'planted.quillon', '7911 123456', '7911123456', 'plantedway', 'eh1 9zz'];
const CARD_TRACES = ['4111 1111', '41111111', '4111-1111', '1111 1111'];

/**
 * Planted personal data in a text, in plain or as hexadecimal; empty if there is none.
 * @param {string} text
 * @returns {string[]}
 */
export function tracesIn(text) {
  const lower = text.toLowerCase();
  return [...TRACES, ...CARD_TRACES].filter((trace) => {
    const hex = Buffer.from(trace).toString('hex');
    return lower.includes(trace) || lower.includes(hex) || lower.includes(encodeURIComponent(trace));
  });
}

/** @typedef {import('playwright-core').Page} Page */

/**
 * Opens the shop and waits until it is there.
 * @param {Page} page
 * @param {string} origin
 */
export async function enter(page, origin, query = '') {
  await page.goto(`${origin}/demo/${query}`);
  await page.getByRole('heading', { name: 'Light for long evenings' }).waitFor();
}

/**
 * Looks around: kinds, search, one lamp, two into the cart and one out again.
 * @param {Page} page
 */
export async function browse(page) {
  await page.getByRole('radio', { name: 'Outdoors' }).check();
  await page.getByRole('radio', { name: 'All' }).check();
  const calls = await callsIn(page);
  await page.getByRole('searchbox').fill(`pendant ${PERSON.email}`);
  await page.getByText('No lamp of ours').waitFor();
  // A search is tracked when the visitor stops typing.
  await until('the search to be tracked', async () => (await callsIn(page)) > calls);
  await page.getByRole('searchbox').fill('pendant');
  await page.getByRole('link', { name: 'Vesper' }).click();
  await page.getByRole('heading', { name: 'Vesper' }).waitFor();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('link', { name: 'All lamps', exact: true }).click();
  await add(page, 'Fyr');
  await page.getByRole('link', { name: /^Cart/ }).click();
  await page.getByRole('button', { name: 'Remove Fyr from the cart' }).click();
}

/**
 * @param {Page} page On the list.
 * @param {string} lamp
 */
export async function add(page, lamp) {
  await page.getByRole('button', { name: `Add ${lamp} to the cart` }).click();
}

/** @param {Page} page */
export async function signUp(page) {
  await page.getByRole('link', { name: 'Join' }).click();
  await page.getByLabel('Name').fill(PERSON.name);
  await page.getByLabel('E-mail').fill(PERSON.email);
  await page.getByLabel('Phone').fill(PERSON.phone);
  await page.getByLabel('Address').fill(PERSON.address);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: /^Welcome/ }).waitFor();
}

/** @param {Page} page */
export async function checkOut(page) {
  await page.getByRole('link', { name: /^Cart/ }).click();
  await page.getByRole('link', { name: 'Checkout' }).click();
  await page.getByLabel('E-mail for the receipt').fill(PERSON.email);
  await page.getByLabel('Delivery address').fill(PERSON.address);
  await page.getByLabel('Card number').fill(PERSON.card);
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByRole('heading', { name: /^Thank you/ }).waitFor();
}

/**
 * Waits until the panel lists an event of that name.
 * @param {Page} page
 * @param {string} name
 * @param {number} withinMs
 */
export async function listed(page, name, withinMs) {
  await page.locator('.entry', { hasText: name }).first().waitFor({ timeout: withinMs });
}

/**
 * Waits until the panel says that everything tracked is stored.
 * @param {Page} page
 * @param {number} withinMs
 */
export async function allStored(page, withinMs) {
  await page.getByText(/\b0 on the way/).waitFor({ timeout: withinMs });
}

/**
 * How often the shop has called trackEvent in this tab.
 * @param {Page} page
 */
export function callsIn(page) {
  return page.evaluate(() => Number(sessionStorage.getItem('fanal_calls')));
}
