import { apps, at, type Case, one, server, teams } from './words.ts';

/** What ports and protocols of a rule mean. */
export const ports: Case[] = [
  {
    claim: 'a port allows itself, from anybody where no source is told',
    specs: one(at({ protocol: 'TCP', port: 80 })),
    open: ['client server tcp 80', 'guest server6 tcp 80', 'outside 192.0.2.1 tcp 30080'],
    shut: ['client server tcp 81', 'client server udp 80'],
  },
  {
    claim: 'a port without protocol is of TCP',
    specs: one(at({ port: 80 })),
    open: ['client server tcp 80'],
    shut: ['client server udp 80'],
  },
  {
    claim: 'a port of UDP is of UDP',
    specs: one(at({ protocol: 'UDP', port: 53 })),
    open: ['client server udp 53', 'client server6 udp 53'],
    shut: ['client server udp 80', 'client server tcp 80'],
  },
  {
    claim: 'a protocol without port allows all of its ports',
    specs: one(at({ protocol: 'UDP' })),
    open: ['client server udp 53', 'client server udp 80'],
    shut: ['client server tcp 80'],
  },
  {
    claim: 'endPort allows a range, with both its ends',
    specs: one(at({ protocol: 'TCP', port: 80, endPort: 85 })),
    open: ['client server tcp 80', 'client server tcp 81', 'client server tcp 85'],
    shut: ['client server tcp 8080'],
  },
  {
    claim: 'of several ports each is allowed',
    specs: one(at({ port: 81 }, { protocol: 'UDP', port: 53 })),
    open: ['client server tcp 81', 'client server udp 53'],
    shut: ['client server tcp 80'],
  },
  {
    claim: 'ports and sources of one rule must both fit',
    specs: one({
      ...server,
      ingress: [
        { from: [apps('client')], ports: [{ port: 80 }] },
        { from: [teams('blue')], ports: [{ port: 81 }] },
      ],
    }),
    open: ['client server tcp 80', 'guest server tcp 81'],
    shut: ['client server tcp 81', 'guest server tcp 80'],
  },
  {
    claim: 'a named port is what the receiving pod calls so, a number for each pod',
    specs: one({ podSelector: {}, ingress: [{ ports: [{ port: 'web' }] }] }),
    open: ['guest server tcp 80', 'guest client tcp 8080', 'guest remote tcp 9000', 'guest client6 tcp 8080'],
    shut: ['guest server tcp 8080', 'guest client tcp 80', 'guest remote tcp 80'],
  },
  {
    claim: 'a name that no container has allows nothing',
    specs: one(at({ port: 'metrics' })),
    open: ['node-a server tcp 80'],
    shut: ['client server tcp 80', 'client server tcp 9000'],
  },
  {
    claim: 'a named port is of its protocol',
    specs: one(at({ protocol: 'UDP', port: 'web' })),
    open: ['node-a server tcp 80'],
    shut: ['client server tcp 80', 'client server udp 80'],
  },
];
