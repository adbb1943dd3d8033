// @ts-check
// The worst of several runs of the browser bench's delivery tests, each in a folder of its own (BENCH_OUT):
// node tests/bench/client/worst.mjs FOLDER...

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const runs = process.argv.slice(2).map((folder) => {
  const { sdks } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  return sdks.ours;
});

/** @param {number[]} numbers */
const range = (numbers) => {
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  return min === max ? `${min}` : `${min} to ${max}`;
};

/**
 * One line: how many arrived and how many came twice, over all runs.
 * @param {string} what
 * @param {(run: any) => number[]} arrived
 * @param {(run: any) => number[]} twice
 */
function line(what, arrived, twice) {
  const all = runs.flatMap(arrived);
  console.log(`| ${what} | ${all.length} | ${range(all)} | ${range(runs.flatMap(twice))} |`);
}

console.log('| delivery | tries | arrived | sent twice |\n| --- | --- | --- | --- |');
line('1,000 in one go', (run) => [run.burst.delivered], (run) => [run.burst.duplicates]); // prettier-ignore
line(
  '20, page left at once, started long before',
  (run) => run.nav.warm.got,
  (run) => run.nav.warm.dup,
);
line(
  '20, page left at once, just started',
  (run) => run.nav.cold.got,
  (run) => run.nav.cold.dup,
);
line(
  '20, next page after 150 ms',
  (run) => run.navslow.got,
  (run) => run.navslow.dup,
);
line(
  '20, tab closed',
  (run) => run.nav.tab_close.got,
  (run) => run.nav.tab_close.dup,
);
for (const [what, mode] of [
  ['answers 503', 'e503'],
  ['connections dropped', 'drop'],
]) {
  line(
    `100, outage of 10 s: ${what}`,
    (run) => [run.outage[mode].delivered],
    (run) => [run.outage[mode].duplicates],
  );
}
for (const [what, mode] of [
  ['while the server is down', 'down'],
  ['while offline', 'net'],
]) {
  line(
    `50, page closed ${what}, opened again`,
    (run) => [run.offline[mode].delivered],
    (run) => [run.offline[mode].duplicates],
  );
}
const LEAKS = ['email', 'phone', 'card', 'url_token', 'url_email', 'page_url_token', 'page_url_email'];
const leaks = runs.flatMap(({ pii }) => LEAKS.filter((kind) => pii[kind]));
console.log(`\nPlanted personal data on the wire: ${leaks.join(', ') || 'none'}, in ${runs.length} runs.`);
const despite = runs.filter(({ privacy }) => privacy.sends_with_gpc).length;
console.log(`Sent with Global Privacy Control: ${despite} of ${runs.length}.`);
