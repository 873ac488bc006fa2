import { close, constants, fstat, fsync, ftruncate, open, read, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '../../host/files.ts';

/** With O_DSYNC, what `write` has taken is on the disk when it returns (open(2)): no second call waits for the disk. */
const { O_RDWR, O_CREAT, O_DSYNC } = constants;
/** Not those of `FileHandle`, which has to be closed before the collector finds it: a log is open as long as its process. */
const on = {
  open: promisify(open),
  close: promisify(close),
  read: promisify(read),
  write: promisify(write),
  stat: promisify(fstat),
  sync: promisify(fsync),
  truncate: promisify(ftruncate),
};
const PIECE = 1 << 16;
const NEWLINE = 10;

/** A file of lines that only grows. A line is on the disk when `append` returns, or it is not in the file. */
export class LineFile {
  /** None of the process once it is closed: its number may be that of another file then. */
  #descriptor: number;
  /** Where each line begins, and where the next will. */
  readonly #starts: number[] = [0];
  /** Whether an append that failed may have left something. */
  #torn = false;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Opens the file or makes it. A last line without its end was being written when the power went:
   * nobody was told that it is there, so it is cut off.
   * @param onLine told of each line, in order.
   * @returns the file, and how many bytes were cut off.
   */
  static async open(path: string, onLine: (line: string) => void): Promise<{ file: LineFile; torn: number }> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = new LineFile(await on.open(path, O_RDWR | O_CREAT | O_DSYNC, 0o600));
    try {
      await file.#scan(onLine);
      const { size } = await on.stat(file.#descriptor);
      if (size > file.#end) await on.truncate(file.#descriptor, file.#end);
      await on.sync(file.#descriptor);
      await syncDirectory(dirname(path));
      return { file, torn: size - file.#end };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get length(): number {
    return this.#starts.length - 1;
  }

  /**
   * All of some lines, with one wait for the disk. Not to be called again before it has returned.
   * @throws the file system's error; then nothing was added.
   */
  async append(...lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    if (this.#torn) await on.truncate(this.#descriptor, this.#end);
    this.#torn = true;
    // A full disk may take a part of it and say so only the next time.
    for (let done = 0; done < bytes.length; ) {
      const left = bytes.length - done;
      done += (await on.write(this.#descriptor, bytes, done, left, this.#end + done)).bytesWritten;
    }
    this.#torn = false;
    for (const line of lines) this.#starts.push(this.#end + Buffer.byteLength(line) + 1);
  }

  /** Lines from an index on, at most `limit`. */
  async read(from: number, limit: number): Promise<string[]> {
    const to = Math.min(from + limit, this.length);
    if (from >= to) return [];
    const start = this.#starts[from] ?? 0;
    const bytes = Buffer.alloc((this.#starts[to] ?? 0) - start);
    await on.read(this.#descriptor, bytes, 0, bytes.length, start);
    return bytes.toString('utf8').split('\n').slice(0, -1);
  }

  /** Nothing is read or added any more. */
  async close(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    await on.close(descriptor);
  }

  async #scan(onLine: (line: string) => void): Promise<void> {
    const piece = Buffer.alloc(PIECE);
    let rest = Buffer.alloc(0);
    for (let at = 0; ; ) {
      const { bytesRead } = await on.read(this.#descriptor, piece, 0, PIECE, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      rest = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        this.#starts.push(this.#end + end + 1);
        onLine(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      }
    }
  }

  get #end(): number {
    return this.#starts.at(-1) ?? 0;
  }
}
