// Builds the package: `build.mjs wasm` makes wasm/ (for pages) and wasm-full/ (for servers) from ../sdk-wasm,
// `build.mjs js` makes dist/ and dist-server/ from src/ and these, `build.mjs sizes` holds them against
// size-budget.json: a check rather than a part of the build, as another compiler may add some bytes and the package
// still works. Tools come from PATH (scripts/with-tools).

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { minify } from 'terser';

const here = fileURLToPath(new URL('.', import.meta.url));
const at = (...path) => join(here, ...path);
const json = (path) => JSON.parse(readFileSync(at(path), 'utf8'));

const WASM = 'pharos_sdk_bg.wasm';
/** Loaded only if used: they share the SDK that the page has, so none may bring another. */
const MODULES = ['modules/pages', 'modules/clicks', 'modules/vitals', 'modules/errors', 'react'];
/** What the package's types consist of; the other declarations are of what is inside. */
const TYPES = ['index', 'types', ...MODULES];
const SERVER_TYPES = ['index', 'types', 'errors', 'client'];

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: 'inherit' });
  if (status !== 0) throw new Error(error?.message ?? `${command} failed`);
}

function buildWasm() {
  // prettier-ignore
  const build = (folder, name, features) => {
    run('wasm-pack', 'build', '../sdk-wasm', '--profile', 'sdk', '--target', 'web', '--mode', 'no-install', '--no-opt',
      '--no-pack', '--out-dir', at(folder), '--out-name', name, '--', '--features', features);
    return at(folder, `${name}_bg.wasm`);
  };
  optimise(build('wasm-full', 'pharos_full', 'page,full'));
  const page = build('wasm', 'pharos_sdk', 'page');
  leaveOutBindings(page);
  optimise(page);
}

function optimise(file) {
  // Below its first KiB a memory has but the end of the stack, so no address of ours is so low.
  const flags = ['-Oz', '--converge', '--low-memory-unused', '--strip-producers', '--strip-target-features'];
  run('wasm-opt', file, '-o', file, ...flags);
}

/**
 * Takes out of the page's wasm what wasm-bindgen adds for its glue, which the page does without (src/core.ts): an import
 * that every start would pay for, and a table of JavaScript's objects. Then nothing is imported.
 */
function leaveOutBindings(file) {
  const read = () => new WebAssembly.Module(readFileSync(file));
  const roots = WebAssembly.Module.exports(read()).filter(({ name }) => !name.startsWith('__'));
  const graph = `${file}.graph.json`;
  writeFileSync(graph, JSON.stringify(roots.map(({ name }) => ({ name, root: true, export: name }))));
  run('wasm-metadce', file, '--graph-file', graph, '-o', file);
  rmSync(graph);
  const imports = WebAssembly.Module.imports(read()).map(({ name }) => name);
  if (imports.length) throw new Error(`the page's wasm must not import anything; it does: ${imports}`);
}

async function buildJs() {
  for (const folder of ['dist', 'dist-server']) {
    rmSync(at(folder), { recursive: true, force: true });
    mkdirSync(at(folder));
  }
  const common = {
    outdir: at('dist'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    define: { __VERSION__: JSON.stringify(json('package.json').version) },
  };
  await build({ ...common, entryPoints: [at('src/index.ts')], splitting: true, chunkNames: '[name]' });
  const sdk = {
    name: 'the SDK itself',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\.\.?\/index\.js$/ }, () => ({ path: './index.js', external: true })),
  };
  const entryPoints = MODULES.map((name) => at(`src/${name}.ts`));
  await build({ ...common, entryPoints, entryNames: '[name]', external: ['react'], plugins: [sdk] });
  await build({ ...common, entryPoints: [at('src/tag.ts')], format: 'iife' });
  await minifyAgain();
  copyFileSync(at('wasm', WASM), at('dist', WASM));
  await build({
    ...common,
    // Apart from what pages load: the server serves all of that folder.
    outdir: at('dist-server'),
    entryPoints: [at('src/server/index.ts')],
    platform: 'node',
    target: 'node20',
    // A server's logs name functions, and nobody downloads it for every visit.
    minify: false,
    // The wasm is part of the file: nothing to find at run time.
    loader: { '.wasm': 'binary' },
  });

  const declarations = mkdtempSync(join(tmpdir(), 'pharos-types-'));
  const emit = ['--declaration', '--emitDeclarationOnly', '--outDir', declarations];
  run('tsc', ...emit);
  run('tsc', ...emit, '-p', 'src/server');
  for (const name of TYPES) {
    copyFileSync(join(declarations, 'src', `${name}.d.ts`), at('dist', `${basename(name)}.d.ts`));
  }
  mkdirSync(at('dist-server/server'));
  for (const name of SERVER_TYPES) {
    const file = `${name}.d.ts`;
    copyFileSync(join(declarations, 'src/server', file), at('dist-server/server', file));
  }
  copyFileSync(at('dist/types.d.ts'), at('dist-server/types.d.ts'));
  rmSync(declarations, { recursive: true });
}

/** What esbuild has bundled, terser makes 5% smaller. */
async function minifyAgain() {
  for (const file of readdirSync(at('dist')).filter((name) => name.endsWith('.js'))) {
    const { code } = await minify(readFileSync(at('dist', file), 'utf8'), {
      module: file !== 'tag.js',
      ecma: 2020,
      compress: { passes: 2 },
    });
    writeFileSync(at('dist', file), code);
  }
}

/** Prints raw, gzip and brotli bytes of what a page, or a server, loads. Returns whether all is within budget. */
function checkSizes() {
  const brotli = (bytes) =>
    brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }).length;
  const line = (...cells) => console.log(cells.map((cell, i) => String(cell).padStart(i ? 9 : -24)).join(''));
  let within = true;
  line('bytes'.padEnd(24), 'raw', 'gzip', 'brotli', 'at most');
  for (const [name, { files, brotli_bytes_max: max }] of Object.entries(json('size-budget.json'))) {
    const sizes = files.map((file) => {
      const bytes = readFileSync(at('dist', file));
      return [file, bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes)];
    });
    for (const [file, ...cells] of sizes) line(file.padEnd(24), ...cells);
    const sums = [1, 2, 3].map((i) => sizes.reduce((sum, row) => sum + row[i], 0));
    line(name.padEnd(24), ...sums, max);
    if (sums[2] > max) {
      console.error(`${name} is ${sums[2] - max} bytes over its budget (size-budget.json)`);
      within = false;
    }
  }
  return within;
}

switch (process.argv[2]) {
  case 'wasm':
    buildWasm();
    break;
  case 'js':
    await buildJs();
    break;
  case 'sizes':
    if (!checkSizes()) process.exitCode = 1;
    break;
  default:
    console.error('usage: node build.mjs wasm|js|sizes');
    process.exitCode = 2;
}
