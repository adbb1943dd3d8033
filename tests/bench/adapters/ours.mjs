// @ts-nocheck: it speaks the contract of a harness that is not part of this repository.
// Pharos for the comparison with other servers: found by that harness through BENCH_ADAPTERS, it imports the
// harness's own library from BENCH_LIB. The server is target/release/pharos, or what PHAROS_BIN names.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const { COUNT, direct, launch, pg, PORT, WORK } = await import(pathToFileURL(process.env.BENCH_LIB).href);

const BINARY =
  process.env.PHAROS_BIN ?? fileURLToPath(new URL('../../../target/release/pharos', import.meta.url));
const DATABASE = 'pharos';
const KEY = 'pk_bench_0123456789abcdef';

/** @param {string} name @param {string} about @param {Record<string, string>} settings */
const make = (name, about, settings = {}) => {
  const dataDir = join(WORK, `${name}-data`);
  const env = {
    DATABASE_URL: pg.url(DATABASE),
    TELEMETRY_LISTEN: `127.0.0.1:${PORT}`,
    TELEMETRY_DATA_DIR: dataDir,
    TELEMETRY_INGEST_KEY: KEY,
    TELEMETRY_LOG: 'warn',
    ...settings,
  };
  return {
    ...direct,
    name,
    about,
    available: () => existsSync(BINARY),
    setup() {
      pg.createDb(DATABASE);
      mkdirSync(dataDir, { recursive: true });
      const done = spawnSync(BINARY, ['migrate'], { env: { ...process.env, ...env }, encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`pharos migrate: ${done.stderr}`);
    },
    start: () => launch(BINARY, ['serve'], { env, log: join(WORK, `${name}.log`) }),
    request: (events) => ({ path: '/v1/events', body: JSON.stringify({ key: KEY, events }) }),
    reset: () => pg.sql('truncate telemetry_events; checkpoint', DATABASE),
    count: () => pg.sql(COUNT, DATABASE).split('|').map(Number),
    markers: () => pg.sql('select id from telemetry_events', DATABASE).split('\n').filter(Boolean),
    // A 200 names a verdict for each event: these are the ones that leave one unstored.
    okContains: () => '"invalid":0,"filtered":0,"quarantined":0,"retry":0',
  };
};

export default [make('ours', 'Pharos, one process, validation and stripping on, partitioned table')];
