/** One element of DER: its tag, its content, and all of its bytes. Source: ITU-T X.690 sections 8.1 and 10.1. */
export interface Element {
  tag: number;
  content: Buffer;
  whole: Buffer;
}

export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Of a certification request. */
  attributes: 0xa0,
  /** Of a certificate. */
  version: 0xa0,
  extensions: 0xa3,
  /** Of a GeneralName (RFC 5280 section 4.2.1.6). */
  uri: 0x86,
} as const;

/** Bytes that a length may have here: what is read is small. */
const LENGTH_BYTES = 2;

/**
 * The elements that lie one after the other in some bytes. Their contents are not looked into, so that depth costs
 * nothing. @throws RangeError for what is not DER.
 */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const element = first(rest);
    found.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return found;
}

/** The one element that some bytes are. @throws RangeError when they are something else. */
export function only(bytes: Buffer, tag: number): Element {
  const element = first(bytes);
  if (element.tag !== tag || element.whole.length !== bytes.length)
    throw new RangeError('not DER of this kind');
  return element;
}

/** @param content bytes, or elements one after the other. */
export function encode(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const length =
    body.length < 0x100
      ? Buffer.of(0x81, body.length)
      : Buffer.of(0x82, body.length >> 8, body.length & 0xff);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

function first(bytes: Buffer): Element {
  const tag = bytes.readUInt8(0);
  const short = bytes.readUInt8(1);
  // The indefinite form is not DER; a tag of many bytes is none that is read here.
  const count = short < 0x80 ? 0 : short & 0x7f;
  if ((tag & 0x1f) === 0x1f || short === 0x80 || count > LENGTH_BYTES) throw new RangeError('not DER');
  const length = count === 0 ? short : bytes.readUIntBE(2, count);
  const start = 2 + count;
  // The shortest form is the only one (X.690 section 10.1).
  if (count > 0 && length < (count === 1 ? 0x80 : 0x100)) throw new RangeError('not DER');
  if (start + length > bytes.length) throw new RangeError('DER that is cut off');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}
