const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];

/** What is to be ended before a signal ends this process. */
const ends = new Set<() => void>();
let holds = 0;
let waiting: Signal | null = null;

/**
 * Lets signals wait until some work is done; then they do what they do.
 *
 * Only around such work, since a process with a handler cannot be interrupted while it reads from a file that hangs.
 */
export async function holdSignals<T>(work: () => Promise<T>): Promise<T> {
  holds++;
  listen();
  try {
    return await work();
  } finally {
    holds--;
    if (waiting && holds === 0) deliver(waiting);
    rest();
  }
}

/**
 * Has a signal that ends this process do something first.
 *
 * @returns what takes that back
 */
export function beforeSignal(end: () => void): () => void {
  ends.add(end);
  listen();
  return () => {
    ends.delete(end);
    rest();
  };
}

function listen(): void {
  for (const signal of SIGNALS) if (!process.listeners(signal).includes(take)) process.on(signal, take);
}

/** Without a handler, a signal does again what it does to any process. */
function rest(): void {
  if (holds === 0 && ends.size === 0) for (const signal of SIGNALS) process.off(signal, take);
}

function take(signal: NodeJS.Signals): void {
  if (holds > 0) waiting = signal as Signal;
  else deliver(signal as Signal);
}

function deliver(signal: Signal): void {
  for (const end of ends) end();
  ends.clear();
  waiting = null;
  rest();
  process.kill(process.pid, signal);
}
