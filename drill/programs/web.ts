import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { SqlSession } from './sql-session.ts';

export const WebConfigSchema = z.strictObject({
  address: z.string(),
  port: z.number(),
  /** Environment of psql. */
  database: z.record(z.string(), z.string()),
});

/** What a customer asks for. The identifier is the customer's, so that asking again does nothing twice. */
export const PaymentSchema = z.strictObject({
  id: z.uuid(),
  debit: z.int().positive(),
  credit: z.int().positive(),
  amount: z.int().positive(),
});
export type Payment = z.infer<typeof PaymentSchema>;

/** The payments service's front: books a payment and says which server has written it, once that is committed. */
export async function web(config: z.infer<typeof WebConfigSchema>, stop: AbortSignal): Promise<void> {
  const session = new SqlSession(config.database);
  const server = createServer((incoming, outgoing) => {
    const end = (status: number, document: object) => {
      outgoing.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      outgoing.end(`${JSON.stringify(document)}\n`);
    };
    answer(session, incoming).then(
      (document) => end(201, document),
      (error: Error) => end(503, { error: error.message }),
    );
  });
  server.listen(config.port, config.address);
  await once(stop, 'abort');
  session.close();
}

async function answer(session: SqlSession, incoming: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { id, debit, credit, amount } = PaymentSchema.parse(
    JSON.parse(Buffer.concat(chunks).toString('utf8')),
  );
  const [server] = await session.ask(`SELECT pay('${id}', ${debit}, ${credit}, ${amount})`);
  if (server === undefined) throw new Error('the server gave no answer');
  return { id, server };
}
