import { spawn } from 'node:child_process';
import { copyFile, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MachineSpec, ovmf, qemuArguments } from './arguments.ts';

/** A started machine. */
export interface Machine {
  pid: number;
  /** Settles when QEMU ends, with its exit status (null when a signal ended it). */
  exited: Promise<number | null>;
  /** True after QEMU has ended. */
  ended(): boolean;
  /** Ends QEMU as a power cut would, and waits for it. */
  cut(): Promise<void>;
  /** Lets QEMU outlive this process. */
  release(): void;
}

/** Starts QEMU, detached, its own messages going to `messages`. */
export async function launch(spec: MachineSpec, messages: string): Promise<Machine> {
  if (spec.firmware !== 'bios') await copyFile(ovmf[spec.firmware].variables, spec.firmwareVariables);
  const [command = '', ...args] = qemuArguments(spec);
  const log = await open(messages, 'w');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const started = new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0));
    child.once('error', reject);
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let over = false;
  void exited.then(() => {
    over = true;
  });
  const pid = await started.finally(() => log.close());
  return {
    pid,
    exited,
    ended: () => over,
    cut: async () => {
      if (!over) child.kill('SIGKILL');
      await exited;
    },
    release: () => child.unref(),
  };
}

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Lines appended to a file, from its start, until `done` says so. The file may not exist yet. */
export async function* followLines(
  path: string,
  signal: AbortSignal,
  done: () => boolean,
): AsyncGenerator<string> {
  let position = 0;
  let rest = '';
  while (true) {
    const last = done();
    const text = await readFrom(path, position);
    position += text.length;
    const lines = (rest + text.toString('utf8')).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
    if (last && text.length === 0) return;
    if (text.length === 0) await sleep(200, undefined, { signal });
  }
}

async function readFrom(path: string, position: number): Promise<Buffer> {
  const file = await open(path).catch(() => null);
  if (file === null) return Buffer.alloc(0);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(1 << 16), position });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
