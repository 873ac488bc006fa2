/** 16 octets from a CSPRNG, positive, hexadecimal (RFC 5280 section 4.1.2.2). */
export function serial(): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}
