// @ts-check
// A short run of the crash oracle on each database: two faults of each kind. `make oracle` runs longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOracle } from './run.mjs';

const SEED = Number(process.env.PHAROS_ORACLE_SEED ?? Date.now() % 1_000_000);

for (const database of /** @type {const} */ (['sqlite', 'postgres'])) {
  test(
    `nothing acknowledged is lost or doubled under faults: ${database}`,
    { timeout: 240_000 },
    async (t) => {
      t.diagnostic(`PHAROS_ORACLE_SEED=${SEED} repeats this plan`);
      const plan = { database, faults: 2, seconds: 15, writers: 6, rate: 600, seed: SEED };
      const report = await runOracle(plan);
      for (const line of [...report.skipped, ...report.notes]) t.diagnostic(line);

      assert.deepEqual(report.details, []);
      assert.ok(Object.values(report.violations).every((count) => count === 0));
      // That something happened: each fault, events stored, answers that never came.
      assert.ok(Object.keys(report.faults).length > 0);
      assert.ok(Object.values(report.faults).every((count) => count === plan.faults));
      assert.ok(report.totals.rows > 100, `only ${report.totals.rows} rows`);
      assert.ok(report.totals.silent + report.totals.refused > 0, 'no writer ever noticed a fault');
    },
  );
}
