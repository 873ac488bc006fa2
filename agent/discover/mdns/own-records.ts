import type { Link } from '../links.ts';
import type { Asked } from './decode.ts';
import { allTypes, keyOf, type Name, typeName } from './name.ts';
import { ANY, type MdnsRecord, typeNumbers } from './record.ts';

/** What a machine tells of itself. Whoever hears it knows a place to ask, and nothing to trust. */
export interface Announced {
  /** Names the machine and its service among all on the link: at most 63 bytes, of which no other machine has the same. */
  instance: string;
  /** One label of letters, digits and hyphens, as unlike those of others. */
  host: string;
  service: string;
  port: number;
  texts: readonly string[];
}

/** Seconds; records with a host's name in them live shorter (RFC 6762 section 10). */
const TTL = { host: 120, other: 4500 } as const;

/** The records of a machine on one link. Source: RFC 6763 sections 4 to 9. */
export class OwnRecords {
  readonly instance: Name;
  readonly host: Name;
  readonly #pointers: MdnsRecord[];
  readonly #unique: MdnsRecord[];

  /** @param own addresses of the machine on the link. */
  constructor({ instance, host, service, port, texts }: Announced, { own }: Pick<Link, 'own'>) {
    const type = typeName({ service, protocol: 'tcp' });
    this.instance = [instance, ...type];
    this.host = [host, 'local'];
    this.#pointers = [
      { name: type, ttl: TTL.other, type: 'PTR', target: this.instance },
      { name: allTypes, ttl: TTL.other, type: 'PTR', target: type },
    ];
    this.#unique = [
      { name: this.instance, ttl: TTL.host, type: 'SRV', port, target: this.host },
      { name: this.instance, ttl: TTL.other, type: 'TXT', texts: [...texts] },
      ...own.map((address): MdnsRecord => {
        const type = address.includes(':') ? 'AAAA' : 'A';
        return { name: this.host, ttl: TTL.host, type, address };
      }),
    ];
  }

  get unique(): readonly MdnsRecord[] {
    return this.#unique;
  }

  get all(): MdnsRecord[] {
    return [...this.#pointers.slice(0, 1), ...this.#unique];
  }

  /** What answers a question, and what who asks will ask for next; nothing that he knows already (RFC 6762 section 7.1). */
  answers(questions: readonly Asked[], known: readonly MdnsRecord[]): MdnsRecord[] {
    const asked = [...this.#pointers, ...this.#unique].filter((record) =>
      questions.some(
        ({ name, type }) =>
          keyOf(name) === keyOf(record.name) && (type === ANY || type === typeNumbers[record.type]),
      ),
    );
    const fresh = asked.filter(
      (record) => !known.some((each) => isSame(each, record) && each.ttl * 2 >= record.ttl),
    );
    const leads = fresh.some((record) => record.type === 'PTR' && keyOf(record.name) !== keyOf(allTypes));
    return leads ? [...new Set([...fresh, ...this.#unique])] : fresh;
  }

  /** Whether somebody else says something else of a name that is this machine's own. */
  isContradicted(record: MdnsRecord): boolean {
    const rivals = this.#unique.filter(
      (own) => own.type === record.type && keyOf(own.name) === keyOf(record.name),
    );
    return record.ttl > 0 && rivals.length > 0 && !rivals.some((own) => isSame(own, record));
  }
}

function isSame(a: MdnsRecord, b: MdnsRecord): boolean {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

function comparable(record: MdnsRecord): unknown[] {
  const { type, name } = record;
  const key = [type, keyOf(name)];
  if (record.type === 'TXT') return [...key, ...record.texts];
  if (record.type === 'PTR') return [...key, keyOf(record.target)];
  return record.type === 'SRV' ? [...key, record.port, keyOf(record.target)] : [...key, record.address];
}
