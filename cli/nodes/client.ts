import type { z } from 'zod';
import { type EnrolledNode, NodeListSchema } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type BoxAddress, boxAddress, fetchStatus } from '../box/client.ts';
import { OperatorClient, post } from '../box/operator.ts';

/** What an operator does with the nodes of one box. */
export class NodesClient {
  readonly address: BoxAddress;
  readonly #client: OperatorClient;

  private constructor(address: BoxAddress, client: OperatorClient) {
    this.address = address;
    this.#client = client;
  }

  /** @param command named in the hint of a wrong address. */
  static async of(box: string | undefined, command: string, signal: AbortSignal): Promise<NodesClient> {
    const address = await boxAddress(box, command);
    const { site } = (await fetchStatus(address)).box;
    return new NodesClient(address, await OperatorClient.of(address, site, signal));
  }

  async list(): Promise<EnrolledNode[]> {
    return (await this.#client.ask('/v1/nodes', {}, NodeListSchema)).nodes;
  }

  /** The one node that has a name, or an identifier that begins so. @throws CpiabError E5501. */
  async find(named: string): Promise<EnrolledNode> {
    const nodes = await this.list();
    const byId = nodes.filter(({ id }) => id.startsWith(named.toLowerCase()));
    const found = byId.length > 0 ? byId : nodes.filter(({ name }) => name === named);
    // Who asks now goes before who is in, and both before who has been.
    const waiting = found.filter(({ state }) => state === 'pending');
    const current = waiting.length > 0 ? waiting : found.filter(isCurrent);
    const [node, other] = current.length > 0 ? current : found;
    if (node === undefined || other !== undefined)
      throw new CpiabError('E5501', {
        subject: other === undefined ? named : `${named}, of which there are several`,
      });
    return node;
  }

  async post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return await this.#client.ask(path, post(body, 180_000), schema);
  }
}

const isCurrent = ({ state }: EnrolledNode) => state === 'approved' || state === 'joined';
