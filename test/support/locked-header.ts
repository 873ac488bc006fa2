/** Where the fields lie that blkid reads. Source: LUKS2 On-Disk Format Specification 1.1, section 2.1. */
const [VERSION, SIZE, LABEL, UUID] = [6, 8, 24, 168];

/** The start of a disk that is encrypted: enough of a LUKS2 header for every tool to know it as one. */
export function lockedHeader(label: string): Buffer {
  const header = Buffer.alloc(4096);
  header.write('LUKS\xba\xbe', 'latin1');
  header.writeUInt16BE(2, VERSION);
  header.writeBigUInt64BE(16_384n, SIZE);
  header.write(label, LABEL);
  header.write('6c1f3b1e-9d0a-4a52-8c7e-0f2a5b1d9e77', UUID);
  return header;
}
