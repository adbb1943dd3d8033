// The `<script>` tag: `<script async src="https://telemetry.example.com/t.js" data-key="pk_..."></script>`. Reads
// its attributes, loads the SDK from the same server's `/sdk/` (or `data-sdk`) and hands it what the page has queued on `window.pharos` in the
// meantime. `data-modules="pages clicks vitals errors"` loads these.

const script = document.currentScript as HTMLScriptElement | null;

type Call = [name: string, ...args: unknown[]];
type Sdk = Record<string, unknown>;

async function start({ src, dataset }: HTMLScriptElement): Promise<void> {
  const at = (file: string) => new URL(file, new URL(dataset['sdk'] ?? '/sdk/', src)).href;
  const load = (file: string) => import(/* @vite-ignore */ at(file)) as Promise<Sdk>;
  const sdk = await load('index.js');
  const page = window as unknown as { pharos?: { q?: Call[] } | Sdk };
  const queued = (page.pharos?.q ?? []) as Call[];
  page.pharos = sdk;
  const { key, endpoint = src, consent, gpc, debug, modules = '' } = dataset;
  const options = {
    key,
    endpoint: new URL('/', new URL(endpoint, location.href)).href,
    consent,
    gpc,
    debug: debug !== undefined,
  };
  const call = (from: Sdk, name: string, args: unknown[]) =>
    (from[name] as (...args: unknown[]) => unknown)?.(...args);
  void call(sdk, 'init', [options]);
  for (const [name, ...args] of queued) call(sdk, name, args);
  for (const name of modules.split(/[\s,]+/).filter(Boolean)) {
    const module = await load(`${name}.js`);
    call(module, `track${name[0]?.toUpperCase()}${name.slice(1)}`, []);
  }
}

if (script)
  start(script).catch((error: unknown) => console.warn('pharos: the SDK could not be loaded:', error));
