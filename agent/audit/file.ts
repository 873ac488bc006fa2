import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../host/files.ts';

const { O_RDWR, O_CREAT } = constants;
const PIECE = 1 << 16;
const NEWLINE = 10;

/** A file of lines that only grows. A line is on the disk when `append` returns, or it is not in the file. */
export class LineFile {
  readonly #path: string;
  /** Where each line begins, and where the next will. */
  readonly #starts: number[] = [0];
  /** Whether an append that failed may have left something. */
  #torn = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the file or makes it. A last line without its end was being written when the power went:
   * nobody was told that it is there, so it is cut off.
   * @param onLine told of each line, in order.
   * @returns the file, and how many bytes were cut off.
   */
  static async open(path: string, onLine: (line: string) => void): Promise<{ file: LineFile; torn: number }> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = new LineFile(path);
    const torn = await file.#with(async (handle) => {
      await file.#scan(handle, onLine);
      const { size } = await handle.stat();
      if (size > file.#end) await handle.truncate(file.#end);
      await handle.sync();
      return size - file.#end;
    });
    await syncDirectory(dirname(path));
    return { file, torn };
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
    await this.#with(async (handle) => {
      if (this.#torn) await handle.truncate(this.#end);
      this.#torn = true;
      // A full disk may take a part of it and say so only the next time.
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, this.#end + done)).bytesWritten;
      }
      await handle.datasync();
    });
    this.#torn = false;
    for (const line of lines) this.#starts.push(this.#end + Buffer.byteLength(line) + 1);
  }

  /** Lines from an index on, at most `limit`. */
  async read(from: number, limit: number): Promise<string[]> {
    const to = Math.min(from + limit, this.length);
    if (from >= to) return [];
    const start = this.#starts[from] ?? 0;
    const bytes = Buffer.alloc((this.#starts[to] ?? 0) - start);
    await this.#with((handle) => handle.read(bytes, 0, bytes.length, start));
    return bytes.toString('utf8').split('\n').slice(0, -1);
  }

  async #with<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const handle = await open(this.#path, O_RDWR | O_CREAT, 0o600);
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  }

  async #scan(handle: FileHandle, onLine: (line: string) => void): Promise<void> {
    const piece = Buffer.alloc(PIECE);
    let rest = Buffer.alloc(0);
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(piece, 0, PIECE, at);
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
