/** What JSON text (RFC 8259) says, or null for what is none: who asks has a schema that refuses both alike. */
export function jsonOrNull(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return null;
  }
}
