import type { IncomingMessage, ServerResponse } from 'node:http';
import { type JoinFileParts, sendJoinFile } from '../guest/join-file.ts';
import { answerText, notYet } from './answer.ts';

/** Gives the file that other machines join with to whoever asks: all in it may be read without a certificate, as the images may. */
export async function answerJoinFile(
  parts: JoinFileParts | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (incoming.method !== 'GET') {
    outgoing.setHeader('allow', 'GET');
    return answerText(outgoing, 405, 'only GET\n');
  }
  if (parts === undefined) return notYet(outgoing);
  await sendJoinFile(parts, outgoing);
}
