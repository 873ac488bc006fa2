import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { run } from '../../host/process.ts';
import { SqlSession } from './sql-session.ts';

export const BatchConfigSchema = z.strictObject({
  database: z.record(z.string(), z.string()),
  /** Of the share, as rsync has it. */
  share: z.string(),
  directory: z.string(),
  log: z.string(),
  everyMs: z.number(),
});

/** A line of its log: a statement that is in the ledger and on the share. */
export const BatchLineSchema = z.strictObject({
  id: z.uuid(),
  /** Milliseconds since the epoch, when both were there. */
  written: z.number(),
  server: z.string(),
  file: z.string(),
  sha256: z.string(),
});

/** Makes a statement of all payments again and again: a row in the ledger, and a file on the share. */
export async function batch(config: z.infer<typeof BatchConfigSchema>, stop: AbortSignal): Promise<void> {
  const session = new SqlSession(config.database);
  while (!stop.aborted) {
    await statement(session, config).catch((error: Error) => process.stderr.write(`${error.message}\n`));
    await sleep(config.everyMs);
  }
  session.close();
}

async function statement(
  session: SqlSession,
  { share, directory, log }: z.infer<typeof BatchConfigSchema>,
): Promise<void> {
  const id = randomUUID();
  const [text = ''] = await session.ask(`SELECT make_statement('${id}')`);
  const { server } = z.object({ server: z.string() }).parse(JSON.parse(text));
  const file = `statement-${id}.json`;
  await writeFile(join(directory, file), `${text}\n`);
  await run(['rsync', '--fsync', '--contimeout=3', '--timeout=5', join(directory, file), share], {
    timeoutMs: 10_000,
  });
  const sha256 = createHash('sha256').update(`${text}\n`).digest('hex');
  appendFileSync(log, `${JSON.stringify({ id, written: Date.now(), server, file, sha256 })}\n`);
}
