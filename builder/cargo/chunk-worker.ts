import { parentPort, workerData } from 'node:worker_threads';
import { parseIdentity, parseRecipient } from '../../host/age/keys.ts';
import { release } from '../../host/release.ts';
import { readContent, type SealedChunk, type StoredChunk, writeChunk } from './chunk-store.ts';

/** What a worker has from its start. Keys are texts of age: nothing else passes between threads. */
export interface WorkerSetup {
  slots: SharedArrayBuffer[];
  recipients: string[];
  identities: string[];
}

/** Content lies in a slot, or comes to lie there. */
export type ChunkOrder = { number: number; slot: number; base: StoredChunk | null } & (
  | { do: 'open'; chunk: StoredChunk }
  | { do: 'seal'; path: string; length: number }
);

/** Errors lose their class and their code on the way to another thread. */
export interface ToldError {
  isChunk: boolean;
  message: string;
  code: string | undefined;
}

export type ChunkAnswer = { number: number } & (
  | { length: number }
  | { sealed: SealedChunk }
  | { error: ToldError }
);

const setup = workerData as WorkerSetup;
const slots = setup.slots.map((slot) => Buffer.from(slot));
const keys = {
  recipients: setup.recipients.map(parseRecipient).filter((one) => one !== null),
  identities: setup.identities.map(parseIdentity).filter((one) => one !== null),
};

async function done(order: ChunkOrder) {
  const slot = slots[order.slot] ?? Buffer.of();
  if (order.do === 'seal') {
    const content = slot.subarray(0, order.length);
    return { sealed: await writeChunk(order.path, content, order.base, keys) };
  }
  const content = await readContent(order.chunk, order.base, keys.identities);
  const length = content.copy(slot);
  release(content);
  return { length };
}

const told = (error: NodeJS.ErrnoException) => ({
  error: { isChunk: error.name === 'ChunkError', message: error.message, code: error.code },
});

parentPort?.on('message', (order: ChunkOrder) => {
  const answer = async () => ({ number: order.number, ...(await done(order).catch(told)) });
  void answer().then((ready) => parentPort?.postMessage(ready));
});
