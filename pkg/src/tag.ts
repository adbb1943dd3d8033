// The `<script>` tag: `<script async src="https://telemetry.example.com/t.js" data-key="pk_..."></script>`. Reads its
// attributes, loads the SDK from the same server's `/sdk/` (or `data-sdk`) and hands it what the page has queued on
// `window.pharos` in the meantime. `data-modules="pages clicks vitals errors"` loads these.

const script = document.currentScript as HTMLScriptElement | null;

type Call = [name: string, ...args: unknown[]];
type Sdk = Record<string, unknown>;

async function start({ src, dataset }: HTMLScriptElement): Promise<void> {
  const { sdk: folder = '/sdk/', modules = '', endpoint, ...rest } = dataset;
  const load = (file: string) =>
    import(/* @vite-ignore */ new URL(file, new URL(folder, src)).href) as Promise<Sdk>;
  const call = (from: Sdk, name: string, args: unknown[] = []) =>
    (from[name] as ((...args: unknown[]) => unknown) | undefined)?.(...args);
  const sdk = await load('index.js');
  const page = window as unknown as { pharos?: { q?: Call[] } | Sdk };
  const queued = (page.pharos?.q ?? []) as Call[];
  page.pharos = sdk;
  const options: Record<string, unknown> = { ...rest, debug: 'debug' in rest };
  options['endpoint'] = new URL(endpoint ?? '/', endpoint ? location.href : src).href;
  for (const name of ['batchSize', 'flushIntervalMs']) if (name in rest) options[name] = Number(rest[name]);
  void call(sdk, 'init', [options]);
  for (const [name, ...args] of queued) call(sdk, name, args);
  for (const name of modules.split(/[\s,]+/).filter(Boolean)) {
    call(await load(`${name}.js`), `track${name[0]?.toUpperCase()}${name.slice(1)}`);
  }
}

if (script)
  start(script).catch((error: unknown) => console.warn('pharos: the SDK could not be loaded:', error));
