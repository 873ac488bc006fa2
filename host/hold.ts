import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** Something that one process of this machine has for itself. */
export interface Hold {
  /** Gives it back; the end of the process does so too, however it ends. */
  release(): Promise<void>;
}

/** Somebody else has it. */
export class HeldError extends Error {
  override readonly name = 'HeldError';
  /** Process number, or `unknown`. */
  readonly pid: string;

  constructor(pid: string, options: ErrorOptions) {
    super(`held by process ${pid}`, options);
    this.pid = pid;
  }
}

/**
 * Takes a name for this process alone. The name is an abstract socket (unix(7)), so the kernel decides
 * between two at once and nothing is left of a process that was killed.
 * @throws HeldError
 */
export async function hold(name: string): Promise<Hold> {
  const path = `\0cpiab/${name}`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(String(process.pid));
  });
  try {
    await listening(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HeldError(await holder(path), { cause: error });
  }
  server.unref();
  return { release: async () => await new Promise((resolve) => server.close(() => resolve())) };
}

const POLL_MS = 200;

/** Takes a name for this process alone, once nobody else has it. @throws the signal's reason. */
export async function holdWhenFree(name: string, signal: AbortSignal): Promise<Hold> {
  for (;;) {
    signal.throwIfAborted();
    const held = await hold(name).catch((error: unknown) => {
      if (error instanceof HeldError) return null;
      throw error;
    });
    if (held !== null) return held;
    await sleep(POLL_MS, undefined, { signal });
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/** Who has it: it answers with its number, unless it is too busy. */
async function holder(path: string): Promise<string> {
  const socket = connect(path);
  socket.setTimeout(1000, () => socket.destroy());
  return (await text(socket).catch(() => '')) || 'unknown';
}
