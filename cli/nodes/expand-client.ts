import { CpiabError } from '../../contract/errors.ts';
import {
  ExpandApprovalSchema,
  type ExpansionPlan,
  ExpansionPlanSchema,
  type ExpansionStatus,
  ExpansionStatusSchema,
  expandPath,
} from '../../contract/expand.ts';
import { boxAddress, fetchStatus } from '../box/client.ts';
import { OperatorClient, post } from '../box/operator.ts';

const ANSWER_MS = 120_000;

/** What an operator does with the pools of one box. */
export class ExpandClient {
  readonly #client: OperatorClient;

  private constructor(client: OperatorClient) {
    this.#client = client;
  }

  static async of(box: string | undefined, signal: AbortSignal): Promise<ExpandClient> {
    const address = await boxAddress(box, 'cpiab expand');
    const { site } = (await fetchStatus(address)).box;
    return new ExpandClient(await OperatorClient.of(address, site, signal));
  }

  async plan(pool: string | undefined): Promise<ExpansionPlan> {
    const query = pool === undefined ? '' : `?${new URLSearchParams({ pool })}`;
    return await this.#client.ask(`${expandPath}/plan${query}`, {}, ExpansionPlanSchema);
  }

  async status(): Promise<ExpansionStatus> {
    return await this.#client.ask(expandPath, {}, ExpansionStatusSchema);
  }

  /** @throws CpiabError E1509 for what is no digest; E5308 with the box's own. */
  async approve(digest: string, reason: string): Promise<ExpansionStatus> {
    const { data } = ExpandApprovalSchema.safeParse({ digest: digest.trim().toLowerCase(), reason });
    if (data === undefined) throw new CpiabError('E1509', { subject: digest });
    const asked = post(data, ANSWER_MS);
    return await this.#client.ask(`${expandPath}/approve`, asked, ExpansionStatusSchema);
  }

  async act(what: 'stop' | 'go-on'): Promise<ExpansionStatus> {
    return await this.#client.ask(`${expandPath}/${what}`, post({}, ANSWER_MS), ExpansionStatusSchema);
  }
}
