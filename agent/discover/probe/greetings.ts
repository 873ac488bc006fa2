/** First messages of protocols in which the client speaks first: each asks for nothing that needs a login. */

/** Identifies our message in the answer. */
const NUMBER = 0x43504941;

/** The servers of the root, by TCP: two bytes of length, then a query (RFC 1035 section 4.1, RFC 7766 section 8). */
export const dnsQuestion = Buffer.from([
  ...[0, 17, 0x43, 0x50, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 2, 0, 1],
]);

/** An answer to it: the same identifier, and the bit that says so. */
export const isDnsAnswer = (answer: Buffer) =>
  answer.length >= 14 && answer.readUInt16BE(2) === 0x4350 && (answer.readUInt8(4) & 0x80) !== 0;

/** The procedure of NFS version 3 that does nothing (RFC 1813 section 3.3.0), as RFC 5531 has it. */
export const nfsNull = words([0x8000_0028, NUMBER, 0, 2, 100_003, 3, 0, 0, 0, 0, 0]);

/** Accepted (RFC 5531 section 9). Which versions there are is in the answer where ours is not among them. */
export function nfsDetail(answer: Buffer): string | null {
  if (answer.length < 28 || answer.readUInt32BE(4) !== NUMBER || answer.readUInt32BE(8) !== 1) return null;
  if (answer.readUInt32BE(12) !== 0) return null;
  if (answer.readUInt32BE(24) === 0) return 'version 3';
  const hasRange = answer.readUInt32BE(24) === 2 && answer.length >= 36;
  return hasRange ? `versions ${answer.readUInt32BE(28)} to ${answer.readUInt32BE(32)}` : '';
}

/** Which dialects: 2.0.2 to 3.0.2 ([MS-SMB2] 2.2.1.2 and 2.2.3). */
export const smbNegotiate = (() => {
  const dialects = [0x0202, 0x0210, 0x0300, 0x0302];
  const message = Buffer.alloc(4 + 64 + 36 + dialects.length * 2);
  message.writeUInt32BE(message.length - 4, 0);
  message.write('\xfeSMB', 4, 'latin1');
  message.writeUInt16LE(64, 8);
  message.writeUInt16LE(36, 68);
  message.writeUInt16LE(dialects.length, 70);
  message.writeUInt16LE(1, 72);
  for (const [index, dialect] of dialects.entries()) message.writeUInt16LE(dialect, 104 + index * 2);
  return message;
})();

const smbNames: Record<number, string> = { 514: '2.0.2', 528: '2.1', 768: '3.0', 770: '3.0.2' };

/** The dialect that the server chose; null for what is no SMB 2. */
export function smbDetail(answer: Buffer): string | null {
  if (answer.length < 74 || answer.toString('latin1', 4, 8) !== '\xfeSMB') return null;
  return smbNames[answer.readUInt16LE(72)] ?? '';
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
