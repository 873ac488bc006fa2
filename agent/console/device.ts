import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

const KEPT_BYTES = 64 << 10;
const RETRY_MS = 50;

/**
 * A terminal that is only written to. A serial line may be slower than what is said, or have nothing
 * at its end: writing never blocks, keeps a bounded rest, and gives up on a device that fails.
 */
export class ConsoleDevice {
  readonly #file: number;
  #rest = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #dead = false;

  /** @throws the file system's error when it can't be opened. */
  constructor(path: string) {
    // O_NONBLOCK: opening a serial line without a carrier would wait for one.
    this.#file = openSync(
      path,
      constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_APPEND,
    );
  }

  write(text: string): void {
    if (this.#dead) return;
    const next = Buffer.concat([this.#rest, Buffer.from(text)]);
    // Whole old lines go rather than the newest one.
    this.#rest =
      next.length > KEPT_BYTES ? next.subarray(next.indexOf(10, next.length - KEPT_BYTES) + 1) : next;
    this.#flush();
  }

  close(): void {
    clearTimeout(this.#timer);
    if (!this.#dead) closeSync(this.#file);
    this.#dead = true;
  }

  #flush(): void {
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(this.#file, this.#rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#flush(), RETRY_MS);
      } else {
        // EIO: a port without hardware behind it.
        this.close();
      }
    }
  }
}

/** Opens a console if it is there; null when it isn't or can't be used. */
export function openConsole(path: string): ConsoleDevice | null {
  if (!existsSync(path)) return null;
  try {
    return new ConsoleDevice(path);
  } catch {
    return null;
  }
}

/** Paths of the serial consoles that the kernel uses, and the first port in any case. */
export function serialConsoles(active = '/sys/class/tty/console/active'): string[] {
  const names = existsSync(active) ? readFileSync(active, 'utf8').trim().split(/\s+/) : [];
  const serial = names.filter((name) => /^(ttyS|ttyAMA|hvc)\d+$/.test(name));
  return [...new Set([...serial, 'ttyS0'])].map((name) => `/dev/${name}`);
}
