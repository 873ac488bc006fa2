import { TokenBuckets } from '../../api/token-buckets.ts';
import type { Sighting } from '../sighting.ts';
import { decode, type MdnsMessage } from './decode.ts';
import { allTypes, type Name } from './name.ts';
import type { Question } from './query.ts';
import { Speaker } from './speaker.ts';

/** A thousand nodes and what else stands around. */
const MOST_SPEAKERS = 1024;
/** What one host may say, and all together: a thousand that answer one question pass. */
const RATES = { one: { burst: 60, perSecond: 10 }, all: { burst: 2000, perSecond: 400 } } as const;

/** Types that are asked for although nobody told of them: what a box could use. */
const usual: readonly Name[] = [
  ...['_ssh', '_nfs', '_smb', '_https', '_http', '_cpiab', '_kubernetes', '_workstation'].map((service) => [
    service,
    '_tcp',
    'local',
  ]),
  ['_domain', '_udp', 'local'],
];

/**
 * Everybody who speaks mDNS on the links, each with what it said. Bounded by speakers, by what is kept of each, and
 * by messages in a second, before one is read.
 */
export class Speakers {
  readonly #now: () => number;
  /** The one that was quiet for longest first. */
  readonly #speakers = new Map<string, Speaker>();
  readonly #one: TokenBuckets;
  readonly #all: TokenBuckets;
  dropped = 0;

  /** @param now milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#one = new TokenBuckets(RATES.one, MOST_SPEAKERS, now);
    this.#all = new TokenBuckets(RATES.all, 1, now);
  }

  /** Takes a datagram of a host that stands on the link. @returns what it says; null when it is none, or too much. */
  hear(link: string, address: string, bytes: Buffer): MdnsMessage | null {
    const key = `${link} ${address}`;
    const isTooMuch = this.#one.take(key) > 0 || this.#all.take('') > 0;
    const message = isTooMuch ? null : decode(bytes);
    if (message === null) {
      this.dropped += 1;
      return null;
    }
    const now = this.#now();
    const speaker = this.#speakers.get(key) ?? new Speaker(link, address);
    this.#speakers.delete(key);
    this.#speakers.set(key, speaker);
    speaker.heardAt = now;
    this.dropped += speaker.take(message.isResponse ? message.records : [], now);
    this.#forget();
    return message;
  }

  get size(): number {
    return this.#speakers.size;
  }

  /** Those that said something since then. */
  sightings(since: number): Sighting[] {
    const now = this.#now();
    return [...this.#speakers.values()]
      .filter(({ heardAt }) => heardAt >= since)
      .map((speaker) => ({
        ...{ link: speaker.link, address: speaker.address, mac: null },
        ...{ names: speaker.names, services: speaker.services(now), evidence: 'mdns' },
      }));
  }

  /** IPv6 addresses that hosts of a link claim to have. */
  claimed(link: string): string[] {
    return [...this.#speakers.values()]
      .filter((speaker) => speaker.link === link)
      .flatMap(({ addresses }) => [...addresses])
      .filter((address) => address.includes(':'));
  }

  /** What to ask on a link now. */
  questions(link: string): Question[] {
    const known = [...this.#speakers.values()].filter((speaker) => speaker.link === link);
    return [
      ...[allTypes, ...usual].map((name): Question => ({ name, type: 'PTR' })),
      ...known.flatMap((speaker) => speaker.questions()),
    ].slice(0, MOST_QUESTIONS);
  }

  #forget(): void {
    const [quietest] = this.#speakers.keys();
    if (this.#speakers.size <= MOST_SPEAKERS || quietest === undefined) return;
    this.#speakers.delete(quietest);
    this.dropped += 1;
  }
}

/** In one round, of one link: some ten messages. */
const MOST_QUESTIONS = 256;
