// @ts-check
// The events that are measured: what a busy site sends. 30 names, 50,000 users, 200,000 sessions, properties of
// about 250 bytes with some personal data to find and strip. The same ones each time, but for ids and dates.

import { random } from '../oracle/random.mjs';

const NAMES =
  `page_view click scroll_depth form_start form_submit form_error search search_result_click signup_start
  signup_complete login logout add_to_cart remove_from_cart checkout_start purchase refund video_play video_pause
  video_complete download share error web_vital feature_used tab_hidden tab_visible notification_shown
  notification_click experiment_viewed`.split(/\s+/);
const PATHS = [
  '/',
  '/pricing',
  '/docs/getting-started',
  '/app/projects/settings/members',
  '/checkout/payment',
];
const TITLES = ['Pricing and plans', 'Getting started', 'Your projects', 'Checkout', 'Search results'];
const REFERRERS = ['', 'https://www.example.org/', 'https://search.example.com/?q=telemetry'];
const SCREENS = ['390x844', '1440x900', '1920x1080', '412x915'];
const USERS = 50_000;
const SESSIONS = 200_000;
const PROPERTIES_BYTES = 250;
/** Replaced by the load generator with new ones. */
const ID = '00000000-0000-7000-8000-000000000000';
const TIMESTAMP = '2000-01-01T00:00:00.000Z';

/**
 * Batches of events as bodies.
 * @param {string} key
 * @param {number} batch Events in each.
 * @param {number} count Of batches.
 * @returns {string[]}
 */
export function bodies(key, batch, count) {
  const rng = random(1);
  return Array.from({ length: count }, () =>
    JSON.stringify({ key, events: Array.from({ length: batch }, () => event(rng)) }),
  );
}

/** @param {import('../oracle/random.mjs').Random} rng */
function event(rng) {
  const session = rng.between(0, SESSIONS - 1);
  const hash = (session % USERS).toString(16).padStart(8, '0').repeat(4);
  return {
    id: ID,
    event: rng.pick(NAMES),
    timestamp: TIMESTAMP,
    properties: properties(rng),
    user_id: `u_${hash}`,
    session_id: `s_${session.toString(36)}_${(session * 7919) % 1_000_000}`,
    seq: rng.between(0, 200),
  };
}

/** @param {import('../oracle/random.mjs').Random} rng */
function properties(rng) {
  /** @type {Record<string, unknown>} */
  const found = {
    path: rng.pick(PATHS),
    title: rng.pick(TITLES),
    referrer: rng.pick(REFERRERS),
    viewport: rng.pick(SCREENS),
    duration_ms: rng.between(0, 60_000),
  };
  if (rng.chance(0.75)) found.element = `main > section:nth-child(${rng.between(1, 9)}) button.cta`;
  if (rng.chance(0.5)) found.experiment = { name: `pricing_v${rng.between(1, 9)}`, variant: 'treatment' };
  if (rng.chance(0.25)) found.value = rng.between(0, 99_999) / 100;
  if (rng.chance(0.05)) found.email = `user${rng.between(1, 50_000)}@mail.example`;
  const left = PROPERTIES_BYTES - JSON.stringify(found).length - '"trace":"",'.length;
  found.trace = 'abcdefghijklmnopqrstuvwxyz'.repeat(8).slice(0, Math.max(8, left));
  return found;
}
