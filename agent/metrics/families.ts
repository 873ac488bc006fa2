import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dropReasonNames } from '../../contract/firewall.ts';
import { type BoxStatus, phases } from '../../contract/status.ts';
import type { Counters } from './counters.ts';
import type { Family, Sample } from './exposition.ts';

/** What the metrics are made of. */
export interface MetricSources {
  status: BoxStatus;
  counters: Counters;
  /** Entries of the audit log; null while it is not open. */
  auditEntries: number | null;
}

const one = (value: number): Sample[] => [{ value }];
const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...{ name, help, samples },
  type: 'gauge',
});
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...{ name, help, samples },
  type: 'counter',
});

/** Every metric of the box, in the order in which it is told. */
export function metricFamilies(sources: MetricSources): Family[] {
  return [...boxFamilies(sources.status), ...clusterFamilies(sources.status), ...agentFamilies(sources)];
}

function boxFamilies({ box, phase, uptimeMs, steps, problem, memory, dropped }: BoxStatus): Family[] {
  const { site, version, state, encryption, firmware } = box;
  const info = { site, revision: version, sequence: String(box.sequence), state, encryption, firmware };
  const took = steps.filter((step) => step.tookMs !== null);
  return [
    gauge('cpiab_box_info', 'What this box runs; always 1.', [{ labels: info, value: 1 }]),
    gauge('cpiab_uptime_seconds', 'Time since power-on.', one(uptimeMs / 1000)),
    gauge(
      'cpiab_phase',
      '1 for the phase that the box is in, 0 for the others.',
      phases.map((name) => ({ labels: { phase: name }, value: name === phase ? 1 : 0 })),
    ),
    gauge('cpiab_problem', '1 when a person is told of a problem.', one(problem === null ? 0 : 1)),
    gauge(
      'cpiab_step_duration_seconds',
      'How long a step of the boot took.',
      took.map(({ name, tookMs }) => ({ labels: { step: name }, value: (tookMs ?? 0) / 1000 })),
    ),
    gauge('cpiab_memory_used_bytes', 'Memory that programs could not be given.', one(memory.used)),
    gauge('cpiab_memory_bytes', 'Memory in all.', one(memory.total)),
    counter(
      'cpiab_dropped_packets_total',
      'Packets that the firewall dropped, by reason.',
      dropReasonNames.map((reason) => ({ labels: { reason }, value: dropped[reason] })),
    ),
  ];
}

function clusterFamilies({ flux, nodes, images, git, podNetwork }: BoxStatus): Family[] {
  const ready = nodes.filter((node) => node.ready).length;
  const split = (yes: number, all: number): Sample[] => [
    { labels: { ready: 'true' }, value: yes },
    { labels: { ready: 'false' }, value: all - yes },
  ];
  return [
    gauge('cpiab_kustomizations', 'Kustomizations of Flux.', split(flux.ready, flux.total)),
    gauge('cpiab_nodes', 'Nodes of the cluster.', split(ready, nodes.length)),
    ...podNetworkFamilies(podNetwork),
    gauge('cpiab_images_running', 'Images that containers run.', one(images.running)),
    gauge(
      'cpiab_images_foreign',
      'Images that run and are not of the bundle.',
      one(images.notInBundle.length),
    ),
    gauge(
      'cpiab_git_head_applied',
      '1 when the cluster has applied the head of Git.',
      one(git.head !== null && git.head === git.applied ? 1 : 0),
    ),
  ];
}

function podNetworkFamilies(network: BoxStatus['podNetwork']): Family[] {
  const of = (read: (network: NonNullable<BoxStatus['podNetwork']>) => number): Sample[] =>
    network === null ? [] : one(read(network));
  const denied = (['ingress', 'egress'] as const).map((direction) => ({
    labels: { direction },
    value: network?.denied[direction] ?? 0,
  }));
  return [
    gauge(
      'cpiab_pod_network_problem',
      '1 when rules or links are not what the cluster says.',
      of(({ problem }) => (problem === '' ? 0 : 1)),
    ),
    gauge(
      'cpiab_network_policies',
      'NetworkPolicy objects that are enforced.',
      of(({ policies }) => policies),
    ),
    gauge(
      'cpiab_isolated_pods',
      'Pods of this node that a NetworkPolicy selects.',
      of(({ isolatedPods }) => isolatedPods),
    ),
    counter(
      'cpiab_policy_denied_packets_total',
      'Packets of or to pods of this node that no NetworkPolicy allows.',
      network === null ? [] : denied,
    ),
  ];
}

function agentFamilies({ counters, auditEntries }: MetricSources): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    counter('cpiab_http_requests_total', 'Requests that the API answered.', counters.counts('requests')),
    {
      name: 'cpiab_http_request_duration_seconds',
      type: 'summary',
      help: 'From a request to the end of its answer.',
      samples: counters.durations('requests', 'route'),
    },
    counter(
      'cpiab_git_pushes_total',
      'Pushes by an operator, by what became of them.',
      counters.counts('pushes'),
    ),
    counter(
      'cpiab_svids_total',
      'Requests of workloads for a certificate, by what became of them.',
      counters.counts('svids'),
    ),
    counter(
      'cpiab_observations_total',
      'Looks of the agent at box and cluster.',
      counters.counts('observations'),
    ),
    gauge('cpiab_audit_entries', 'Entries of the audit log.', auditEntries === null ? [] : one(auditEntries)),
    counter('process_cpu_seconds_total', 'Processor time of the agent.', one((user + system) / 1e6)),
    gauge('process_resident_memory_bytes', 'Memory of the agent.', one(process.memoryUsage.rss())),
    lagFamily(),
  ];
}

const lag = monitorEventLoopDelay({ resolution: 20 });
lag.enable();

/** How late the agent's timers are; since the last time that somebody asked. */
function lagFamily(): Family {
  const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
  const samples = [50, 90, 99].map((percent) => ({
    labels: { quantile: String(percent / 100) },
    value: seconds(lag.percentile(percent)),
  }));
  lag.reset();
  return gauge('nodejs_eventloop_lag_seconds', "Lateness of the agent's timers.", samples);
}
