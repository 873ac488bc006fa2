import { expect, test } from 'vitest';
import { Speakers } from '../../../../../agent/discover/mdns/speakers.ts';
import { announcement, ptr, response, srv } from '../../../../support/discover/records.ts';

/** A clock that the test moves, in milliseconds. */
function at() {
  const clock = { now: 0 };
  return { clock, speakers: new Speakers(() => clock.now) };
}
const type = ['_ssh', '_tcp', 'local'];
const instance = ['shell', ...type];

test('what a host says of its services is told with its name, as a claim', () => {
  const { speakers } = at();
  speakers.hear('eth0', '10.0.0.7', announcement('NAS', 'nfs', 2049, '10.0.0.7'));
  expect(speakers.sightings(0)).toEqual([
    {
      ...{ link: 'eth0', address: '10.0.0.7', mac: null, evidence: 'mdns', names: ['nas'] },
      services: [
        {
          ...{ name: 'nfs', protocol: 'tcp', port: 2049, detail: 'v=1' },
          ...{ source: 'mdns', confidence: 'claimed' },
        },
      ],
    },
  ]);
});

test('a service without a port is asked for, and told when its port came', () => {
  const { speakers } = at();
  speakers.hear('eth0', '10.0.0.7', response(ptr(type, instance)));
  expect(speakers.sightings(0)[0]?.services).toEqual([]);
  expect(speakers.questions('eth0')).toContainEqual({ name: instance, type: 'ANY' });
  speakers.hear('eth0', '10.0.0.7', response(srv(instance, 2222, ['nas', 'local'])));
  expect(speakers.sightings(0)[0]?.services).toMatchObject([{ name: 'ssh', port: 2222 }]);
  expect(speakers.questions('eth0')).not.toContainEqual({ name: instance, type: 'ANY' });
});

test('a type that a host has is asked for on its link, and on no other', () => {
  const { speakers } = at();
  speakers.hear(
    'eth0',
    '10.0.0.7',
    response(ptr(['_services', '_dns-sd', '_udp', 'local'], ['_teapot', '_tcp', 'local'])),
  );
  const question = { name: ['_teapot', '_tcp', 'local'], type: 'PTR' };
  expect(speakers.questions('eth0')).toContainEqual(question);
  expect(speakers.questions('eth1')).not.toContainEqual(question);
});

test('a goodbye, or the end of its time, takes a service away', () => {
  const { clock, speakers } = at();
  const say = (...records: Buffer[]) => speakers.hear('eth0', '10.0.0.7', response(...records));
  say(srv(instance, 22, ['nas', 'local']));
  say(ptr(type, instance, 0));
  expect(speakers.sightings(0)[0]?.services).toEqual([]);
  say(srv(instance, 22, ['nas', 'local']));
  clock.now = 119_000;
  expect(speakers.sightings(0)[0]?.services).toHaveLength(1);
  clock.now = 120_001;
  expect(speakers.sightings(0)[0]?.services).toEqual([]);
});

test('a thousand hosts that answer at once are all kept', () => {
  const { speakers } = at();
  for (let host = 0; host < 1000; host += 1)
    speakers.hear('eth0', `10.0.${host >> 8}.${host & 255}`, announcement(`h${host}`, 'ssh', 22, '10.0.0.1'));
  expect([speakers.size, speakers.dropped]).toEqual([1000, 0]);
  expect(speakers.sightings(0).filter(({ services }) => services.length === 1)).toHaveLength(1000);
});

test('one host with a flood of names is kept with a few, and takes no place of others', () => {
  const { clock, speakers } = at();
  speakers.hear('eth0', '10.0.0.8', announcement('quiet', 'nfs', 2049, '10.0.0.8'));
  for (let index = 0; index < 1000; index += 1) {
    clock.now += 100;
    speakers.hear('eth0', '10.0.0.7', announcement(`name${index}`, 'ssh', 22, '10.0.0.7'));
  }
  const [quiet, loud] = speakers.sightings(0);
  expect([quiet?.names, quiet?.services.length]).toEqual([['quiet'], 1]);
  expect([loud?.names.length, loud?.services.length]).toEqual([8, 32]);
  expect(speakers.dropped).toBeGreaterThan(900);
});

test('a host that sends without end is not read any more, and others still are', () => {
  const { clock, speakers } = at();
  for (let index = 0; index < 5000; index += 1) {
    clock.now += 1;
    speakers.hear('eth0', '10.0.0.7', announcement('loud', 'ssh', 22, '10.0.0.7'));
  }
  // 60 at once and ten in each of five seconds.
  expect(speakers.dropped).toBeGreaterThan(4850);
  speakers.hear('eth0', '10.0.0.8', announcement('quiet', 'nfs', 2049, '10.0.0.8'));
  expect(speakers.sightings(0).map(({ names }) => names)).toContainEqual(['quiet']);
});

test('made-up senders cost no more than their number, and the one heard last is kept', () => {
  const { clock, speakers } = at();
  for (let index = 0; index < 20_000; index += 1) {
    clock.now += 5;
    speakers.hear('eth0', `10.1.${index >> 8}.${index & 255}`, announcement('x', 'ssh', 22, '10.0.0.7'));
  }
  expect(speakers.size).toBe(1024);
  expect(speakers.sightings(clock.now)).toHaveLength(1);
});
