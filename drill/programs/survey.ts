import { Resolver } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Discovery } from '../../agent/discover/discovery.ts';
import { DiscoverPolicySchema } from '../../contract/discover-policy.ts';

export const SurveyConfigSchema = z.strictObject({
  directory: z.string(),
  /** A bank's DNS, and a name that it should know. */
  dns: z.strictObject({ server: z.ipv4(), name: z.string() }),
});

const LONGEST_MS = 60_000;
const PROBE_MS = 3000;

/** One look around, from a host that is there already. */
export async function survey({ directory, dns }: z.infer<typeof SurveyConfigSchema>): Promise<object> {
  const stop = new AbortController();
  const discovery = await Discovery.open({
    policy: DiscoverPolicySchema.parse({ mode: 'active', links: ['eth0'] }),
    self: { instance: 'survey', host: 'survey', service: 'cpiab', port: 0, texts: [] },
    directory,
    wall: Date.now,
    complain: (why) => process.stderr.write(`${why}\n`),
  });
  const looking = discovery.run(stop.signal).catch(() => {});
  const end = Date.now() + LONGEST_MS;
  while (discovery.document().looked === null && Date.now() < end) await sleep(200);
  const addresses = await resolve(dns);
  // Ports are asked after the look.
  await sleep(PROBE_MS);
  stop.abort();
  await looking;
  return { inventory: discovery.document(), addresses };
}

/** What a name has for addresses; none where the server gives no answer. */
async function resolve({ server, name }: { server: string; name: string }): Promise<string[]> {
  const resolver = new Resolver({ timeout: 5000, tries: 4 });
  resolver.setServers([server]);
  return await resolver.resolve4(name).catch(() => []);
}
