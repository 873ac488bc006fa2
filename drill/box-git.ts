import type { BankName } from '../contract/drill/scenario.ts';
import { ports } from '../contract/layout.ts';
import { isolatedGit } from '../host/isolated-git.ts';
import type { Drill } from './drill.ts';
import { inside } from './netns/command.ts';

/** Runs git against the repository of a bank's box, which it knows by its key alone. @param args with URL for the repository. */
export async function boxGit(drill: Drill, bank: BankName, ...args: string[]): Promise<string> {
  const { world } = drill;
  const pin = await (await drill.box(bank)).pin();
  const env = isolatedGit({
    'http.sslVerify': 'false',
    'http.pinnedPubkey': `sha256//${Buffer.from(pin, 'hex').toString('base64')}`,
    'http.proxy': '',
    'http.followRedirects': 'false',
  });
  const url = `https://${world.host(bank, 'box').address}:${ports.api}/git/${world.scenario.site}.git`;
  const argv = args.map((arg) => (arg === 'URL' ? url : arg));
  return await inside(world.operators(bank), ['git', ...argv], {
    env,
    timeoutMs: 300_000,
  });
}
