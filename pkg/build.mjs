// Builds the package: `build.mjs wasm` makes wasm/ from ../sdk-wasm, `build.mjs js` makes dist/ from src/ and
// wasm/, `build.mjs sizes` holds dist/ against size-budget.json: a check rather than a part of the build, as another
// compiler may add some bytes and the package still works. Tools come from PATH (scripts/with-tools).

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

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: 'inherit' });
  if (status !== 0) throw new Error(error?.message ?? `${command} failed`);
}

function buildWasm() {
  // wasm-pack leaves the optimisation out, without an error, where it does not find the tool.
  run('wasm-opt', '--version');
  // prettier-ignore
  run('wasm-pack', 'build', '../sdk-wasm', '--profile', 'sdk', '--target', 'web', '--mode', 'no-install',
    '--no-pack', '--out-dir', at('wasm'), '--out-name', 'pharos_sdk', '--', '--features', 'page');
}

async function buildJs() {
  rmSync(at('dist'), { recursive: true, force: true });
  mkdirSync(at('dist'));
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

  const declarations = mkdtempSync(join(tmpdir(), 'pharos-types-'));
  run('tsc', '--declaration', '--emitDeclarationOnly', '--outDir', declarations);
  for (const name of TYPES) {
    copyFileSync(join(declarations, 'src', `${name}.d.ts`), at('dist', `${basename(name)}.d.ts`));
  }
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

/** Prints raw, gzip and brotli bytes of what a page loads. Returns whether all is within budget. */
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
