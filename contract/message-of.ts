/** What was thrown, in words: an error without a message (as when each address of a host refuses) has its name. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
