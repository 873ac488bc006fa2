import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { BatchLineSchema } from '../programs/batch.ts';
import { CustomerLineSchema } from '../programs/customers.ts';

export type CustomerLine = z.infer<typeof CustomerLineSchema>;
export type Acknowledged = Extract<CustomerLine, { acknowledged: number }>;
export type StatementLine = z.infer<typeof BatchLineSchema>;

/** What customers have written down. */
export async function readCustomers(path: string): Promise<CustomerLine[]> {
  return await readLines(path, CustomerLineSchema);
}

export async function readStatements(path: string): Promise<StatementLine[]> {
  return await readLines(path, BatchLineSchema);
}

export const isAcknowledged = (line: CustomerLine): line is Acknowledged => 'acknowledged' in line;

/** Whole lines only: the last may just be written. */
async function readLines<Line>(path: string, schema: z.ZodType<Line>): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)));
}
