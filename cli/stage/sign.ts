import { sign } from 'node:crypto';
import { CpiabError } from '../../contract/errors.ts';
import {
  type StageCompletion,
  StageCompletionSchema,
  type StageGate,
  StageGateSchema,
  signedText,
  stagePath,
} from '../../contract/stage.ts';
import { type OperatorClient, post } from '../box/operator.ts';

export async function askGate(client: OperatorClient): Promise<StageGate> {
  return await client.ask(stagePath, {}, StageGateSchema);
}

/** Signs what the box says it found. @throws CpiabError E5611 when something is lacking, E5308 when the box refuses. */
export async function completeStage(client: OperatorClient, stage: number): Promise<StageCompletion> {
  const { open, lacking, statement } = await askGate(client);
  const refused = (why: string) => new CpiabError('E5611', { subject: `stage ${stage}`, args: [why] });
  if (stage !== open) throw refused(`stage ${open} is the one that is open`);
  if (statement === null) throw refused(lacking ?? 'the box offers nothing to sign');
  const signature = sign('sha256', Buffer.from(signedText(statement)), client.key).toString('base64');
  return await client.ask(stagePath, post({ statement, signature }, 60_000), StageCompletionSchema);
}
