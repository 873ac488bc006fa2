import { redactedJson } from '../../contract/redact.ts';

export type Level = 'info' | 'warn' | 'error';
/** Takes what is to be kept: one JSON object a line, with `level` first and no secrets. */
export type Journal = (level: Level, fields: Readonly<Record<string, unknown>>) => void;

/** A journal that writes to a stream; systemd adds the time and keeps it. */
export function journalTo(write: (line: string) => void): Journal {
  return (level, fields) => write(`${redactedJson({ level, ...fields })}\n`);
}

/** The agent's own. */
export const journal = journalTo((line) => process.stdout.write(line));
