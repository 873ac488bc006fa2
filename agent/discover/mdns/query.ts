import { encodeName, keyOf, type Name } from './name.ts';
import { ANY, INTERNET, type MdnsRecord, typeNumbers } from './record.ts';
import { encodeRecord } from './response.ts';

export interface Question {
  name: Name;
  type: 'PTR' | 'SRV' | 'ANY';
}

const HEADER = 12;
/** What fits an Ethernet frame with the headers of IPv6 and UDP. */
const LARGEST = 1440;

/** Questions as one or more messages. No answer is wanted by unicast: others on the link learn from it too. */
export function encodeQueries(questions: readonly Question[]): Buffer[] {
  const messages: Buffer[][] = [];
  let room = 0;
  for (const question of distinct(questions.filter(isAskable))) {
    const bytes = encodeQuestion(question);
    if (bytes.length > room) {
      messages.push([]);
      room = LARGEST - HEADER;
    }
    messages.at(-1)?.push(bytes);
    room -= bytes.length;
  }
  return messages.map((parts) => {
    const head = Buffer.alloc(HEADER);
    head.writeUInt16BE(parts.length, 4);
    return Buffer.concat([head, ...parts]);
  });
}

/** Asks for anything of some names, and says what they would stand for (RFC 6762 section 8.1). */
export function encodeProbe(names: readonly Name[], wanted: readonly MdnsRecord[]): Buffer {
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(names.length, 4);
  head.writeUInt16BE(wanted.length, 8);
  const questions = names.map((name) => encodeQuestion({ name, type: 'ANY' }));
  return Buffer.concat([head, ...questions, ...wanted.map(encodeRecord)]);
}

/** A label that was no UTF-8 got longer when it was read. */
const isAskable = ({ name }: Question) => name.every((label) => Buffer.byteLength(label) <= 63);

const distinct = (questions: readonly Question[]) =>
  new Map(questions.map((question) => [`${question.type} ${keyOf(question.name)}`, question])).values();

function encodeQuestion({ name, type }: Question): Buffer {
  const end = Buffer.alloc(4);
  end.writeUInt16BE(type === 'ANY' ? ANY : typeNumbers[type], 0);
  end.writeUInt16BE(INTERNET, 2);
  return Buffer.concat([encodeName(name), end]);
}
