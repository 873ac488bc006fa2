import { outgoing } from './semantics-egress.ts';
import { ports } from './semantics-ports.ts';
import { apps, block, type Case, egress, from, one, server, teams } from './words.ts';

/**
 * What upstream says that a NetworkPolicy means, each as a claim, policies, and who reaches whom then. Policies are in
 * namespace `team`. Source: networking.k8s.io/v1 API reference; Kubernetes documentation, "Network Policies".
 */

export const everybody = [
  'client server tcp 80',
  'client server6 tcp 80',
  'guest server tcp 80',
  'guest server udp 53',
  'server client tcp 80',
  'server outside tcp 80',
  'outside 192.0.2.1 tcp 30080',
  'remote server tcp 80',
  'server remote tcp 80',
  'node-a server tcp 80',
];

const isolation: Case[] = [
  {
    claim: 'an empty podSelector isolates all pods of its namespace, and none of another',
    specs: one({ podSelector: {} }),
    open: ['client guest tcp 80', 'guest stranger tcp 80'],
    shut: ['client server tcp 80', 'guest server tcp 80', 'server client tcp 80', 'guest remote tcp 80'],
  },
  {
    claim: 'a pod that no policy selects stays open',
    specs: one(server),
    open: ['guest client tcp 80', 'server client tcp 80'],
    shut: ['guest server tcp 80', 'client server udp 53'],
  },
  {
    claim: 'matchExpressions select by In, NotIn, Exists and DoesNotExist',
    specs: one({
      podSelector: {
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['server', 'client'] },
          { key: 'tier', operator: 'NotIn', values: ['front'] },
          { key: 'tier', operator: 'Exists' },
          { key: 'absent', operator: 'DoesNotExist' },
        ],
      },
    }),
    open: ['guest client tcp 80'],
    shut: ['guest server tcp 80', 'guest remote tcp 80'],
  },
  {
    claim: 'without policyTypes and egress rules, only ingress is isolated',
    specs: one(server),
    open: ['server client tcp 80', 'server outside tcp 80'],
    shut: ['client server tcp 80'],
  },
  {
    claim: 'without policyTypes, egress rules isolate both ways',
    specs: one({ ...server, egress: [{ to: [apps('client')] }] }),
    open: ['server client tcp 80'],
    shut: ['client server tcp 80', 'server stranger tcp 80'],
  },
  {
    claim: 'policyTypes Egress alone leaves ingress open',
    specs: one(egress()),
    open: ['client server tcp 80', 'guest server udp 53'],
    shut: ['server client tcp 80', 'server outside tcp 80', 'server remote tcp 80'],
  },
  {
    claim: 'policyTypes Ingress alone leaves egress open, whatever egress rules there are',
    specs: one({ ...server, policyTypes: ['Ingress'], egress: [{ to: [apps('nobody')] }] }),
    open: ['server stranger tcp 80'],
    shut: ['client server tcp 80'],
  },
  {
    claim: 'both policyTypes without rules shut a pod in',
    specs: one({ ...server, policyTypes: ['Ingress', 'Egress'] }),
    open: ['node-a server tcp 80'],
    shut: ['client server tcp 80', 'server client tcp 80', 'client server6 tcp 80', 'server client6 tcp 80'],
  },
  {
    claim: 'policies add up: what any of them allows is allowed',
    specs: { one: from(apps('client')), two: from(teams('blue')), three: server },
    open: ['client server tcp 80', 'stranger server tcp 80', 'remote server tcp 80'],
    shut: ['outside 192.0.2.1 tcp 30080'],
  },
  {
    claim: 'a policy of one pod does not add to that of another',
    specs: { one: server, two: { ...apps('client'), ingress: [{}] } },
    open: ['guest client tcp 80'],
    shut: ['guest server tcp 80', 'client server tcp 80'],
  },
];

const peers: Case[] = [
  {
    claim: 'an empty rule allows all sources',
    specs: { all: { ...server, ingress: [{}] }, shut: apps('client') },
    open: [
      'client server tcp 80',
      'guest server udp 53',
      'outside 192.0.2.1 tcp 30080',
      'client server6 tcp 80',
    ],
    shut: ['server client tcp 80'],
  },
  {
    claim: "a podSelector means pods of the policy's own namespace",
    specs: one(from(apps('client'))),
    open: ['client server tcp 80', 'remote server tcp 80', 'client server6 tcp 80'],
    shut: ['guest server tcp 80', 'stranger server tcp 80'],
  },
  {
    claim: 'a namespaceSelector means all pods of the namespaces that it selects',
    specs: one(from(teams('blue'))),
    open: ['guest server tcp 80', 'stranger server tcp 80'],
    shut: ['client server tcp 80', 'outside 192.0.2.1 tcp 30080'],
  },
  {
    claim: 'an empty namespaceSelector means pods of all namespaces, and nobody outside',
    specs: one(from({ namespaceSelector: {} })),
    open: ['client server tcp 80', 'guest server tcp 80', 'remote server tcp 80'],
    shut: ['outside 192.0.2.1 tcp 30080'],
  },
  {
    claim: 'podSelector and namespaceSelector of one peer must both select',
    specs: one(from({ ...apps('client'), ...teams('blue') })),
    open: ['guest server tcp 80'],
    shut: ['client server tcp 80', 'stranger server tcp 80'],
  },
  {
    claim: 'of two peers either is enough',
    specs: one(from(apps('client'), { ...apps('stranger'), ...teams('blue') })),
    open: ['client server tcp 80', 'stranger server tcp 80'],
    shut: ['guest server tcp 80'],
  },
  {
    claim: "a namespace is selected by its name's own label",
    specs: one(from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } })),
    open: ['guest server tcp 80'],
    shut: ['client server tcp 80'],
  },
  {
    claim: 'an ipBlock allows its network',
    specs: one(from(block('192.0.2.50/32'))),
    open: ['outside 192.0.2.1 tcp 30080'],
    shut: ['client server tcp 80', 'guest server6 tcp 80'],
  },
  {
    claim: 'an ipBlock allows nothing of its exceptions, however these lie in each other',
    specs: one(from(block('10.42.0.0/16', '10.42.0.12/31', '10.42.0.12/32', '10.42.1.0/24'))),
    open: ['client server tcp 80'],
    shut: ['guest server tcp 80', 'stranger server tcp 80', 'remote server tcp 80', 'client server6 tcp 80'],
  },
  {
    claim: 'an ipBlock of all addresses is of its own family alone',
    specs: one(from(block('0.0.0.0/0', '10.42.0.12/32'))),
    open: ['client server tcp 80', 'outside 192.0.2.1 tcp 30080'],
    shut: ['guest server tcp 80', 'client server6 tcp 80'],
  },
  {
    claim: 'an ipBlock of IPv6 has exceptions too',
    specs: one(from(block('fd42::/64', 'fd42::12/128'))),
    open: ['client server6 tcp 80'],
    shut: ['guest server6 tcp 80', 'client server tcp 80'],
  },
];

const always: Case[] = [
  {
    claim: 'answers come back: a pod that nobody may ask may ask others',
    specs: one({ podSelector: {} }),
    open: ['client guest tcp 80', 'client guest udp 53', 'server outside tcp 80'],
    shut: ['guest client tcp 80'],
  },
  {
    claim: 'a node reaches its own pods, as probes do, and no isolated pods of another node',
    specs: one({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    open: ['node-a server tcp 80', 'node-b remote tcp 80'],
    shut: ['node-b server tcp 80', 'node-a remote tcp 80'],
  },
  {
    claim: 'a pod reaches itself by way of a Service',
    specs: one({ ...server, policyTypes: ['Ingress', 'Egress'] }),
    open: ['server 10.43.0.20 tcp 80'],
    shut: ['client 10.43.0.20 tcp 80'],
  },
];

export const cases: readonly Case[] = [...isolation, ...peers, ...ports, ...outgoing, ...always];
