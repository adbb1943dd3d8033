// What happens when the process ends: clients send what waits. Installs what it listens with when the first client
// asks for it, and removes it with the last.

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Sends what waits, within its time. Never rejects. */
type Drain = () => Promise<void>;

const drains = new Set<Drain>();
let isEnding = false;

/** Has `drain` called when the process ends. */
export function atExit(drain: Drain): void {
  if (drains.size === 0) {
    process.on('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  drains.add(drain);
}

/** No more. */
export function notAtExit(drain: Drain): void {
  if (!drains.delete(drain) || drains.size > 0) return;
  process.off('beforeExit', onBeforeExit);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

const drainAll = () => Promise.allSettled([...drains].map((drain) => drain()));

/** Nothing is left to do but this; called again after it. */
function onBeforeExit(): void {
  void drainAll();
}

/** To listen for a signal is to take its meaning away, so that is given back, unless the program listens too. */
async function onSignal(signal: NodeJS.Signals): Promise<void> {
  const isOursAlone = process.listenerCount(signal) === 1;
  // Told twice, a program does not want to wait.
  if (!isEnding) {
    isEnding = true;
    await drainAll();
  }
  isEnding = false;
  if (!isOursAlone) return;
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}
