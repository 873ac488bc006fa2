/**
 * Browses `eth0` by mDNS as a look does, without a sweep: prints each service that was found, and after how many
 * milliseconds the last one was. Argument: how many there are; it ends then, or when the look does.
 */
import { HostTable } from '../../../agent/discover/host-table.ts';
import { readLinks } from '../../../agent/discover/links.ts';
import { Look } from '../../../agent/discover/look.ts';
import { MdnsListener } from '../../../agent/discover/mdns/listener.ts';
import { Speakers } from '../../../agent/discover/mdns/speakers.ts';
import { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';

const wanted = Number(process.argv[2]);
const life = new AbortController();
const links = await readLinks(['eth0'], life.signal);
const speakers = new Speakers();
const services = () =>
  speakers
    .sightings(0)
    .flatMap(({ address, services }) => services.map(({ name, port }) => `${address} ${name}:${port}`))
    .filter((text, index, all) => all.indexOf(text) === index);
let tookMs = 0;
let found = 0;
let began = performance.now();
const listener = new MdnsListener((link, address, bytes) => {
  speakers.hear(link, address, bytes);
  const now = services().length;
  if (now > found) tookMs = performance.now() - began;
  found = now;
  if (found >= wanted) life.abort();
});
await listener.follow(links);
const policy = DiscoverPolicySchema.parse({ mode: 'active', sweep: { most: 1 } });
const look = new Look({ policy, table: new HostTable(), speakers, listener, time: () => '' });
began = performance.now();
await look.run(links, life.signal).catch(() => {});
listener.close();
process.stdout.write(JSON.stringify({ tookMs, services: services() }));
process.exit(0);
