import type { Plain, Settings } from './config.ts';
import { isSecret, type Secrets } from './secrets.ts';

/** One thing that was not as declared, and now is. */
export interface Change {
  action: 'made' | 'changed' | 'removed';
  what: string;
  /** Of a changed one: setting, from, to. Values from the Secret are not told. */
  settings?: string[];
}

/** What is changed, as it is: also when something later fails. */
export type Changes = AsyncGenerator<Change, void>;

/** What an app gives for a value that it does not tell. Source: Servarr's SchemaBuilder. */
const MASK = '********';

export interface Difference {
  /** A line for each setting that differs. */
  differs: string[];
  /** Whether there are values that the app does not tell, and nothing else is known to differ. */
  masked: boolean;
}

/** Compares what is declared with what an app has of it; whatever else it has does not count. */
export function compare(declared: Settings, secrets: Secrets, there: (key: string) => unknown): Difference {
  const found: Difference = { differs: [], masked: false };
  for (const [key, value] of Object.entries(declared)) {
    const has = there(key);
    if (!isSecret(value)) {
      if (!isSame(value, has)) found.differs.push(`${key}: ${shown(has)} → ${shown(value)}`);
    } else if (has === MASK) {
      found.masked = true;
    } else if (has !== secrets.value(value.secret)) {
      found.differs.push(`${key} (hidden)`);
    }
  }
  return found;
}

/** An app leaves out a value that is null; the order of a list is its own. */
function isSame(declared: Plain, has: unknown): boolean {
  if (Array.isArray(declared)) return Array.isArray(has) && sorted(declared) === sorted(has);
  return declared === (has ?? null);
}

const sorted = (values: readonly unknown[]) => JSON.stringify([...values].sort());
const shown = (value: unknown) => (typeof value === 'string' ? value || '""' : JSON.stringify(value ?? null));
