// @ts-check
// The numbers on the screen are those of the table, row by row: days in the reader's time zone, events, users,
// sessions, outcomes. Once on each database.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser } from '../support/browser.mjs';
import { numberIn, rowsOf, settled, signedIn, stat } from '../support/dashboard.mjs';
import { DATABASES } from '../support/database.mjs';
import { sendAsPage, sendAsServer, visits } from '../support/seed.mjs';
import { Server } from '../support/server.mjs';

/** Half an hour off the full one: a day that is cut in UTC would show. */
const TIME_ZONE = 'Asia/Kolkata';
const OFFSET_MS = 5.5 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const STEPS = ['page_view', 'product_view', 'add_to_cart'];
/** The range: the last of these days is over everywhere. */
const [FROM, TO] = [6, 2].map((daysAgo) => isoDay(Date.now() + OFFSET_MS - daysAgo * DAY_MS));

for (const { name, create } of DATABASES) {
  test(`the dashboard shows what is in the table (${name})`, { timeout: 90_000 }, async (t) => {
    const database = await create();
    t.after(() => database.drop());
    const server = await Server.start({ databaseUrl: database.url });
    t.after(() => server.dispose());
    await sendAsPage(server.origin, visits());
    await sendAsServer(server.origin, [{ event: 'Not A Name', timestamp: new Date().toISOString() }]);
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const { page } = await signedIn(browser, server, { timezoneId: TIME_ZONE });

    await page.goto(`${server.origin}/trends?from=${FROM}&to=${TO}`);
    await settled(page, 'Trends');
    const all = { events: await stat(page, 'Events'), users: await stat(page, 'Users') };
    const sessions = await stat(page, 'Sessions');
    const byName = await rowsOf(page, 'Every event of this time');
    await page.getByText('Show as a table').click();
    const byDay = await rowsOf(page, 'Numbers by day');

    await page.goto(`${server.origin}/trends?from=${FROM}&to=${TO}&event=add_to_cart`);
    await settled(page, 'Trends');
    const added = { events: await stat(page, 'Events'), users: await stat(page, 'Users') };

    const range = `from=${FROM}&to=${TO}`;
    await page.goto(`${server.origin}/breakdown?event=page_view&property=product&${range}`);
    await settled(page, 'Breakdown');
    const byProduct = await rowsOf(page, 'Values of product');
    await page.getByRole('button', { name: 'Vesper' }).click();
    await page.getByText('product is Vesper').waitFor();
    await settled(page, 'Breakdown');
    const held = await rowsOf(page, 'Values of product');

    await page.goto(`${server.origin}/funnel?by=session&steps=${STEPS.join()}&${range}`);
    await settled(page, 'Funnel');
    const steps = await rowsOf(page, 'Steps of the funnel');

    await page.goto(`${server.origin}/retention?period=day&${range}`);
    await settled(page, 'Retention');
    const cohorts = await rowsOf(page, 'Share of each cohort that came back');

    await page.goto(`${server.origin}/sessions?session=visit-1-4`);
    await settled(page, 'One session');
    const visit = await page.locator('.timeline button').allInnerTexts();

    await page.goto(`${server.origin}/outcomes`);
    await settled(page, 'Outcomes');
    const outcomes = await rowsOf(page, 'Outcomes of the events received');

    await server.stop();
    const rows = await database.events(server.dataDir);
    const day = (/** @type {number} */ at) => isoDay(at + OFFSET_MS);
    const shown = rows.filter((row) => day(row.at) >= (FROM ?? '') && day(row.at) <= (TO ?? ''));
    const users = (/** @type {typeof rows} */ of) => new Set(of.flatMap(({ user_id }) => user_id ?? [])).size;
    assert.ok(shown.length > 100 && shown.length < rows.length, 'there is something to tell apart');

    assert.deepEqual(all, { events: shown.length, users: users(shown) });
    assert.equal(sessions, new Set(shown.map((row) => row.session_id)).size);
    const carts = shown.filter((row) => row.event === 'add_to_cart');
    assert.deepEqual(added, { events: carts.length, users: users(carts) });
    /** @type {Record<string, number>} */
    const counts = {};
    for (const { event } of shown) counts[event] = (counts[event] ?? 0) + 1;
    assert.deepEqual(Object.fromEntries(byName.map((cells) => [cells[0], numberIn(cells[2])])), counts);
    assert.deepEqual(
      byDay.map((cells) => numberIn(cells[1])),
      [6, 5, 4, 3, 2].map((ago) => {
        const wanted = isoDay(Date.now() + OFFSET_MS - ago * DAY_MS);
        return shown.filter((row) => day(row.at) === wanted).length;
      }),
    );

    const views = shown.filter((row) => row.event === 'page_view');
    const having = (/** @type {string} */ product) =>
      views.filter((row) => row.properties.product === product).length;
    assert.deepEqual(
      Object.fromEntries(byProduct.map((cells) => [cells[0], numberIn(cells[2])])),
      Object.fromEntries(['Vesper', 'Fyr', 'Luna'].map((product) => [product, having(product)])),
    );
    assert.deepEqual(
      held.map((cells) => [cells[0], numberIn(cells[2])]),
      [['Vesper', having('Vesper')]],
    );
    // Every visit goes its way from the start, so whoever did a step did those before it.
    const did = STEPS.map((step) => shown.filter((row) => row.event === step).length);
    assert.deepEqual(
      steps.map((cells) => [cells[1], numberIn(cells[3])]),
      STEPS.map((step, index) => [step, did[index]]),
    );
    const firstDays = new Map();
    for (const { user_id, at } of shown.toSorted((a, b) => a.at - b.at)) {
      if (user_id && !firstDays.has(user_id)) firstDays.set(user_id, day(at));
    }
    assert.deepEqual(
      cohorts.map((cells) => numberIn(cells[1])),
      [6, 5, 4, 3, 2].map((ago) => {
        const wanted = isoDay(Date.now() + OFFSET_MS - ago * DAY_MS);
        return [...firstDays.values()].filter((first) => first === wanted).length;
      }),
    );
    const visited = rows.filter((row) => row.session_id === 'visit-1-4').sort((a, b) => a.at - b.at);
    assert.deepEqual(
      visit,
      visited.map((row) => row.event),
    );
    assert.ok(visit.length > 1);
    assert.deepEqual(
      outcomes.map((cells) => [cells[0], numberIn(cells[3])]),
      [
        ['Stored', rows.length],
        ['Refused', 1],
      ],
    );
  });
}

/** @param {number} ms */
function isoDay(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}
