/**
 * One sweep of `eth0`, as a process of its own in the caller's namespace: prints who answered, and how long it took.
 * Argument: questions in a second; what a site has unless it says otherwise.
 */
import { readLinks } from '../../../agent/discover/links.ts';
import { sweepLink } from '../../../agent/discover/sweep.ts';
import { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';

const { sweep } = DiscoverPolicySchema.parse({});
const { signal } = new AbortController();
const [link] = await readLinks(['eth0'], signal);
if (link === undefined) throw new Error('no eth0');
const began = performance.now();
const found = await sweepLink(
  link,
  { ...sweep, perSecond: Number(process.argv[2] ?? sweep.perSecond) },
  signal,
);
const tookMs = performance.now() - began;
const addresses = [...new Set(found.map(({ address }) => address))];
process.stdout.write(JSON.stringify({ tookMs, addresses }));
