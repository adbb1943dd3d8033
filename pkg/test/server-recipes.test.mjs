// The README's recipes, as they stand there, in the real frameworks, to the real server. And the packed package in a
// project of its own.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { installedProject } from '../../tests/packaging/packed.mjs';
import { until } from '../../tests/support/wait.mjs';
import { SECRET_KEY, stored, withServer } from './server-support.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(join(ROOT, 'tests/package.json'));

/** The README's code that begins with `// name`, as a module that finds the built package. */
async function withRecipe(name, body) {
  const readme = await readFile(join(ROOT, 'pkg/README.md'), 'utf8');
  const code = readme.split('```').find((block) => block.replace(/^\w+\n/, '').startsWith(`// ${name}\n`))?.replace(/^\w+\n/, ''); // prettier-ignore
  assert.ok(code, `the README has ${name}`);
  await mkdir(join(ROOT, 'tests/.out'), { recursive: true });
  // Within the repository, so that the package's name is found.
  const folder = await mkdtemp(join(ROOT, 'tests/.out/recipe-'));
  try {
    const file = join(folder, name);
    await writeFile(file, code);
    await body(await import(pathToFileURL(file).href));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs an app with the package's own client set up for a real server. */
const withApp = (name, body) =>
  withServer(({ origin }) =>
    withRecipe(name, async (recipe) => {
      const pharos = await import('pharos-telemetry/server');
      pharos.init({ endpoint: origin, key: SECRET_KEY, drainOnExit: false, flushIntervalMs: 20 });
      await body({ recipe, origin });
      await pharos.shutdown();
    }),
  );

/** What is stored of so many requests, in their order. */
async function calls(origin, count) {
  await until(`${count} calls`, async () => (await stored(origin)).length >= count);
  const events = (await stored(origin)).reverse();
  assert.equal(events.length, count);
  for (const { event, source, properties } of events) {
    assert.deepEqual([event, source], ['api_call', 'server']);
    assert.ok(Number.isInteger(properties.response_time), JSON.stringify(properties));
    assert.doesNotMatch(JSON.stringify(properties), /secret|token|4711/);
  }
  return events.map(({ properties: { endpoint, method, status_code } }) => `${method} ${endpoint} ${status_code}`).sort(); // prettier-ignore
}

const listening = (server) => new Promise((resolve) => server.once('listening', () => resolve(`http://127.0.0.1:${server.address().port}`))); // prettier-ignore
const visit = async (address, options) => void (await (await fetch(address, options)).text());
const headers = { authorization: 'Bearer secret', cookie: 'token=secret' };

test('Express', () =>
  withApp('express.js', async ({ recipe, origin }) => {
    const { default: express } = await import(pathToFileURL(require.resolve('express')).href);
    const app = express();
    app.use(recipe.telemetry);
    app.get('/orders/:id', (request, response) => response.json({ id: request.params.id }));
    app.post('/orders', (request, response) => {
      response.locals.endpoint = '/shop/orders';
      response.status(201).end();
    });
    app.get('/broken', () => {
      throw new Error('broken');
    });
    app.use((error, request, response, next) => void response.status(500).end());
    const server = app.listen(0, '127.0.0.1');
    const address = await listening(server);
    await visit(`${address}/orders/4711?token=secret`, { headers });
    await visit(`${address}/orders`, { method: 'POST', headers });
    await visit(`${address}/broken`);
    await visit(`${address}/nowhere/4711`);
    assert.deepEqual(await calls(origin, 4), ['GET /broken 500', 'GET /orders/:id 200', 'GET unmatched 404', 'POST /shop/orders 201']); // prettier-ignore
    await new Promise((resolve) => server.close(resolve));
  }));

test('Fastify', () =>
  withApp('fastify.js', async ({ recipe, origin }) => {
    const { default: fastify } = await import(pathToFileURL(require.resolve('fastify')).href);
    const app = fastify();
    recipe.addTelemetry(app);
    app.register(async (shop) => void shop.get('/orders/:id', async () => ({ ok: true })), {
      prefix: '/shop',
    });
    app.get('/broken', async () => {
      throw new Error('broken');
    });
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    await visit(`${address}/shop/orders/4711?token=secret`, { headers });
    await visit(`${address}/broken`);
    await visit(`${address}/nowhere/4711`);
    assert.deepEqual(await calls(origin, 3), ['GET /broken 500', 'GET /shop/orders/:id 200', 'GET unmatched 404']); // prettier-ignore
    await app.close();
  }));

test('Remix', () =>
  withApp('telemetry.server.js', async ({ recipe, origin }) => {
    const { createRequestHandler, json, redirect } = require('@remix-run/server-runtime');
    const { withTelemetry } = recipe;
    const route = (id, path, module) => ({ id, parentId: 'root', path, module });
    const routes = {
      root: { id: 'root', path: '', module: { default: () => null } },
      order: route('order', 'orders/:id', { loader: withTelemetry('orders.$id', async ({ params }) => json({ id: params.id })) }), // prettier-ignore
      moved: route('moved', 'moved', { loader: withTelemetry('moved', async () => { throw redirect('/orders/4711'); }) }), // prettier-ignore
      saved: route('saved', 'saved', {
        action: withTelemetry('saved', async () => json({}, { status: 201 })),
      }),
      broken: route('broken', 'broken', { loader: withTelemetry('broken', async () => { throw new Error('broken'); }) }), // prettier-ignore
    };
    const handler = createRequestHandler(
      {
        routes,
        entry: { module: { default: () => new Response('page'), handleError: () => {} } },
        future: {},
        assets: { routes: {}, entry: {}, url: '', version: '' },
        publicPath: '/',
        assetsBuildDirectory: '',
      },
      'production',
    );
    const ask = (path, options) => handler(new Request(`http://shop.example${path}`, options));
    assert.deepEqual(await (await ask('/orders/4711?token=secret', { headers })).json(), { id: '4711' });
    assert.equal((await ask('/moved')).status, 302);
    assert.equal((await ask('/saved', { method: 'POST' })).status, 201);
    assert.equal((await ask('/broken')).status, 500);
    assert.deepEqual(await calls(origin, 4), ['GET broken 500', 'GET moved 302', 'GET orders.$id 200', 'POST saved 201']); // prettier-ignore
  }));

test('the tarball, in a project of its own: ES modules, CommonJS, strict types', () =>
  withServer(async ({ origin }) => {
    const project = await installedProject();
    try {
      const at = (name) => join(project.folder, name);
      const env = { PATH: process.env.PATH, TELEMETRY_ENDPOINT: origin, TELEMETRY_SECRET_KEY: SECRET_KEY };
      await writeFile(at('app.mjs'), `
        import { logTelemetry, logTelemetrySafe } from 'pharos-telemetry/server';
        console.log((await logTelemetry({ event: 'awaited' })).verdict);
        void logTelemetrySafe({ event: 'queued' });
      `); // prettier-ignore
      await writeFile(at('app.cjs'), `
        import('pharos-telemetry/server').then(async ({ logTelemetry }) => {
          console.log((await logTelemetry({ event: 'common' })).verdict);
        });
      `); // prettier-ignore
      for (const file of ['app.mjs', 'app.cjs']) {
        assert.equal(
          (await run(process.execPath, [file], { cwd: project.folder, env })).stdout,
          'accepted\n',
        );
      }
      assert.deepEqual((await stored(origin)).map(({ event }) => event).sort(), ['awaited', 'common', 'queued']); // prettier-ignore
      await writeFile(at('types.ts'), `
        import { init, logTelemetry, logTelemetrySafe, flush, shutdown, stats, TelemetryClient, TelemetryError, type ServerOptions, type Verdict } from 'pharos-telemetry/server';
        const options: ServerOptions = { endpoint: 'https://t.example.com', key: 'sk_1', queueDir: '/tmp' };
        const client: TelemetryClient = init(options);
        const verdict: Verdict = await logTelemetry({ event: 'api_call', endpoint: '/a', status_code: 200, userId: 7, at: new Date() });
        const queued = await client.logTelemetrySafe({ event: 'a', properties: { list: [1, { b: null }] } });
        const why: string = queued.queued ? queued.id : queued.code;
        try { await logTelemetry({ event: 'a' }); } catch (error) { if (error instanceof TelemetryError) console.log(error.code, error.field); }
        // @ts-expect-error the name is missing
        await logTelemetrySafe({ properties: {} });
        // @ts-expect-error a function is no property
        await logTelemetrySafe({ event: 'a', call: () => 1 });
        const done: boolean = (await flush()) && (await shutdown());
        console.log(verdict.verdict, why, done, stats()?.dropped);
      `); // prettier-ignore
      const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'];
      await run('tsc', [...options, '--module', 'nodenext', '--types', '', '--lib', 'es2022,dom', 'types.ts'], { cwd: project.folder }); // prettier-ignore
    } finally {
      await project.dispose();
    }
  }));
