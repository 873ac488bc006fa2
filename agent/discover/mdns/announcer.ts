import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../links.ts';
import type { MdnsMessage } from './decode.ts';
import { type Announced, OwnRecords } from './own-records.ts';
import { encodeProbe } from './query.ts';
import type { MdnsRecord } from './record.ts';
import { encodeResponse } from './response.ts';

/** RFC 6762 section 8.1 and 8.3: when names are asked for before they are used, and when it is told that they are. */
const PROBES = { count: 3, everyMs: 250 } as const;
const TOLD = { count: 2, everyMs: 1000 } as const;
/** Nobody is told again what everybody on the link has heard just now (RFC 6762 section 6). */
const AGAIN_MS = 1000;
/** So that not all answer at once (RFC 6762 section 6). */
const DELAY_MS = { least: 20, most: 120 } as const;
/** How long a machine that says that it is this one is told of, and this one keeps silent, after it was heard. */
const RIVAL_MS = 600_000;

/** Sends a message to everybody on a link. It never fails: a link that has gone down is for the next look to see. */
export type Tell = (link: string, bytes: Buffer) => Promise<void>;

interface Place {
  /** Name of the link. */
  link: string;
  records: OwnRecords;
  isTold: boolean;
  /** When each record was last told. */
  sentAt: Map<MdnsRecord, number>;
  rival: { address: string; at: number } | null;
  life: AbortController;
}

/** Tells on each link that the machine is there, and answers who asks for it. */
export class Announcer {
  readonly #announced: Announced;
  readonly #tell: Tell;
  readonly #places = new Map<string, Place>();
  #own = new Set<string>();

  constructor(announced: Announced, tell: Tell) {
    this.#announced = announced;
    this.#tell = tell;
  }

  /** What a person is told: two machines with one name are one disk and its copy. */
  get problem(): string | null {
    const rival = [...this.#places.values()].find((place) => place.rival !== null)?.rival;
    if (!rival) return null;
    return `${rival.address} announces itself as this box: one of the two may run from a copy of the other's disk`;
  }

  /** Announces on these links, and on no other. */
  follow(links: readonly Link[]): void {
    this.#own = new Set(links.flatMap(({ own }) => own));
    for (const [key, { life }] of this.#places) {
      if (links.some((link) => keyOfPlace(link) === key)) continue;
      life.abort();
      this.#places.delete(key);
    }
    for (const link of links) this.#place(link);
  }

  hear(link: string, address: string, message: MdnsMessage): void {
    const place = [...this.#places.values()].find((each) => each.link === link);
    if (place === undefined || this.#own.has(address)) return;
    if (!message.isResponse) this.#answer(place, message);
    else if (message.records.some((record) => !this.#isOwn(record) && place.records.isContradicted(record))) {
      place.rival = { address, at: performance.now() };
      place.isTold = false;
    }
  }

  /** Takes back what was said (RFC 6762 section 10.1). */
  async close(): Promise<void> {
    const places = [...this.#places.values()];
    this.#places.clear();
    for (const { link, records, isTold, life } of places) {
      life.abort();
      const gone = records.all.map((record) => ({ ...record, ttl: 0 }));
      if (isTold) await this.#tell(link, encodeResponse(gone));
    }
  }

  /** Two of its cards may be on one link, or some machine repeat what is said on another. */
  #isOwn(record: MdnsRecord): boolean {
    return (record.type === 'A' || record.type === 'AAAA') && this.#own.has(record.address);
  }

  #answer({ link, records, isTold, sentAt, life }: Place, { questions, records: known }: MdnsMessage): void {
    const now = performance.now();
    const isHeard = (record: MdnsRecord) => now - (sentAt.get(record) ?? -AGAIN_MS) < AGAIN_MS;
    const answers = records.answers(questions, known).filter((record) => !isHeard(record));
    if (!isTold || answers.length === 0) return;
    for (const record of answers) sentAt.set(record, now);
    const delay = DELAY_MS.least + Math.random() * (DELAY_MS.most - DELAY_MS.least);
    setTimeout(() => {
      if (!life.signal.aborted) void this.#tell(link, encodeResponse(answers));
    }, delay).unref();
  }

  #place(link: Link): void {
    const key = keyOfPlace(link);
    const known = this.#places.get(key);
    const isOver = known?.rival && performance.now() - known.rival.at > RIVAL_MS;
    if (known !== undefined && !isOver) return;
    known?.life.abort();
    const records = new OwnRecords(this.#announced, link);
    const life = new AbortController();
    const place: Place = { link: link.name, records, isTold: false, sentAt: new Map(), rival: null, life };
    this.#places.set(key, place);
    // It ends early with the place.
    this.#begin(place).catch(() => {});
  }

  /** Asks whether somebody has the names, then uses them. */
  async #begin(place: Place): Promise<void> {
    const { link, records, life } = place;
    const probe = encodeProbe([records.instance, records.host], records.unique);
    for (let sent = 0; sent < PROBES.count; sent += 1) {
      await this.#tell(link, probe);
      await sleep(PROBES.everyMs, undefined, { signal: life.signal, ref: false });
    }
    if (place.rival !== null) return;
    place.isTold = true;
    for (let sent = 0; sent < TOLD.count && place.isTold; sent += 1) {
      await this.#tell(link, encodeResponse(records.all));
      for (const record of records.all) place.sentAt.set(record, performance.now());
      await sleep(TOLD.everyMs, undefined, { signal: life.signal, ref: false });
    }
  }
}

/** Other addresses are other records. */
const keyOfPlace = ({ name, index, own }: Link) => `${name} ${index} ${own.join(' ')}`;
