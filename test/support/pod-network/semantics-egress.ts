import { apps, block, type Case, egress, one, server, teams } from './words.ts';

/** What rules for the other way mean. */
export const outgoing: Case[] = [
  {
    claim: 'egress to pods is to their addresses, wherever they run',
    specs: one(egress({ to: [apps('client')] })),
    open: ['server client tcp 80', 'server remote tcp 80', 'server client6 tcp 80'],
    shut: ['server guest tcp 80', 'server outside tcp 80'],
  },
  {
    claim: 'egress to a namespace and a pod in it',
    specs: one(egress({ to: [{ ...apps('stranger'), ...teams('blue') }] })),
    open: ['server stranger tcp 80'],
    shut: ['server guest tcp 80', 'server client tcp 80'],
  },
  {
    claim: 'egress to an ipBlock, but for its exceptions',
    specs: one(egress({ to: [block('192.0.2.0/24', '192.0.2.51/32')] })),
    open: ['server outside tcp 80'],
    shut: ['server 192.0.2.51 tcp 80', 'server client tcp 80'],
  },
  {
    claim: 'egress to a port of anybody',
    specs: one(egress({ ports: [{ port: 80 }] })),
    open: ['server client tcp 80', 'server outside tcp 80'],
    shut: ['server client tcp 81', 'server client udp 80'],
  },
  {
    claim: "egress to a named port is to each peer's own number for it",
    specs: one(egress({ to: [apps('client'), teams('blue')], ports: [{ port: 'web' }] })),
    open: ['server client tcp 8080', 'server remote tcp 9000', 'server guest tcp 80'],
    shut: ['server client tcp 80', 'server guest tcp 8080', 'server stranger tcp 80'],
  },
  {
    claim: 'egress to a named port of anybody is to pods that have it; an ipBlock has no names',
    specs: one(egress({ ports: [{ port: 'web' }] }, { to: [block('0.0.0.0/0')], ports: [{ port: 'web' }] })),
    open: ['server client tcp 8080', 'server guest tcp 80'],
    shut: ['server stranger tcp 80', 'server outside tcp 80'],
  },
  {
    claim: "a connection needs the sender's egress and the receiver's ingress",
    specs: {
      out: {
        podSelector: { matchLabels: { tier: 'front' } },
        policyTypes: ['Egress'],
        egress: [{ to: [apps('server')] }],
      },
      in: { ...server, ingress: [{ ports: [{ port: 80 }] }] },
    },
    open: ['client server tcp 80', 'guest server tcp 80', 'remote server tcp 80'],
    shut: ['client server tcp 81', 'client guest tcp 80'],
  },
];
