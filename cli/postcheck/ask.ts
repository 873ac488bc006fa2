import { CpiabError } from '../../contract/errors.ts';
import {
  PostcheckLineSchema,
  type PostcheckReport,
  PostcheckReportSchema,
  postcheckPath,
} from '../../contract/postcheck.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { jsonOrNull } from '../../host/json.ts';
import type { OperatorClient } from '../box/operator.ts';

/** An emulated box may be late with its signs of life. */
const SILENCE_MS = 120_000;

/**
 * Lets a box check itself, and tells how far it is.
 * @param subject the box, for errors. @throws CpiabError E5308 refused, E5610 cut off.
 */
export async function askPostcheck(
  client: Pick<OperatorClient, 'lines'>,
  subject: string,
  progress: ProgressSink,
): Promise<PostcheckReport> {
  const part = { id: 'postcheck', title: 'post-check', phase: 'check' } as const;
  const tell = (detail: string) => progress({ type: 'progress', id: part.id, detail });
  return await tracked(progress, part, async () => {
    try {
      return await reportOf(client.lines(postcheckPath, { method: 'POST', timeoutMs: SILENCE_MS }), tell);
    } catch (error) {
      if (error instanceof CpiabError) throw error;
      throw new CpiabError('E5610', { subject, cause: error });
    }
  });
}

/** The report that the box has kept; null where it has none. @throws as `OperatorClient.ask`. */
export async function latestPostcheck(client: OperatorClient): Promise<PostcheckReport | null> {
  return await client.ask(postcheckPath, {}, PostcheckReportSchema.nullable());
}

/** @throws Error when the answer ends before the report. */
async function reportOf(
  lines: AsyncIterable<string>,
  tell: (detail: string) => void,
): Promise<PostcheckReport> {
  let done = 0;
  for await (const line of lines) {
    const said = PostcheckLineSchema.parse(jsonOrNull(line));
    if ('report' in said) return said.report;
    done += 1;
    tell(`${done} of ${said.of}: ${said.check.id}: ${said.check.result}`);
  }
  throw new Error('the answer ended without a report');
}
