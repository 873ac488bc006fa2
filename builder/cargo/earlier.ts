import type { BackupMember } from '../../contract/backup.ts';
import type { CargoChunk, CargoIndex } from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { parsePublicKey } from '../../host/minisign.ts';
import { encodePublicKey, type SiteKey } from '../bundle/minisign.ts';
import { type CargoContent, openContent } from './content.ts';
import { readChunk, reopenCargo } from './open.ts';
import type { SenderRecord } from './sender.ts';

/** A chunk in its member. */
interface Place {
  id: string;
  from: number;
  to: number;
}

/** What the directory has of a cargo before, by the same sender for the same receiver. */
export class Earlier {
  readonly #directory: string;
  readonly #chunks: ReadonlyMap<string, CargoChunk>;
  readonly #members: ReadonlyMap<BackupMember, readonly Place[]>;
  /** Of the member that is written. */
  #places: readonly Place[] = [];
  #known: ReadonlyMap<string, Place> = new Map();
  /** Which of the places was the last, where writing has come to, and how much further that is than it was there. */
  #last = 0;
  #position = 0;
  #shift = 0;

  private constructor(directory: string, content: CargoContent | null) {
    const chunks = content?.cargo.manifest.chunks ?? [];
    this.#directory = directory;
    this.#chunks = new Map(chunks.map((chunk) => [chunk.id, chunk]));
    this.#members = new Map(content?.members.map((member) => [member.name, placesOf(member, chunks)]));
  }

  /** One that was cut off or damaged counts as none. */
  static async in(directory: string, record: SenderRecord, key: SiteKey): Promise<Earlier> {
    const open = async () => {
      const cargo = await reopenCargo(directory, parsePublicKey(encodePublicKey(key)));
      return await openContent(cargo, [record.identity]);
    };
    const content = await open().catch((error: NodeJS.ErrnoException) => {
      if (error instanceof CpiabError || error.code === 'ENOENT') return null;
      throw error;
    });
    return new Earlier(directory, content);
  }

  /** Of what is looked for next. */
  begin(member: BackupMember): void {
    this.#places = this.#members.get(member) ?? [];
    this.#known = new Map(this.#places.map((place) => [place.id, place]));
    this.#last = 0;
    this.#position = 0;
    this.#shift = 0;
  }

  /** @returns the chunk that lay where this one does now, and is whole: what a patch may be made to. */
  follow(id: string, size: number): string | null {
    const from = this.#position;
    this.#position += size;
    const same = this.#known.get(id);
    if (same !== undefined) this.#shift = from - same.from;
    const found = this.#chunks.get(this.#placeAt(from + size / 2 - this.#shift)?.id ?? '');
    return found?.base ?? found?.id ?? null;
  }

  #placeAt(position: number): Place | undefined {
    const at = (index: number) => this.#places[index];
    while (this.#last > 0 && (at(this.#last)?.from ?? 0) > position) this.#last -= 1;
    while ((at(this.#last)?.to ?? Number.POSITIVE_INFINITY) <= position) this.#last += 1;
    return at(this.#last);
  }

  /** @returns a chunk that lies there as it was sealed, with its base. */
  async find(id: string): Promise<CargoChunk[] | null> {
    const chunk = this.#chunks.get(id);
    if (chunk === undefined) return null;
    const base = this.#chunks.get(chunk.base ?? '');
    const both = base === undefined ? [chunk] : [chunk, base];
    const whole = await Promise.all(both.map((each) => this.#isWhole(each)));
    return whole.includes(false) ? null : both;
  }

  async #isWhole(chunk: CargoChunk): Promise<boolean> {
    return await readChunk(this.#directory, chunk).then(
      () => true,
      () => false,
    );
  }
}

function placesOf({ chunks: numbers, sizes }: CargoIndex['members'][number], chunks: readonly CargoChunk[]) {
  let to = 0;
  return numbers.map((number, index): Place => {
    const from = to;
    to += sizes[index] ?? 0;
    return { id: chunks[number]?.id ?? '', from, to };
  });
}
