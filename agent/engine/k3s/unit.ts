import { type K3sRole, k3s } from './layout.ts';

/** A unit as k3s's installer writes it, but for the environment that it takes from there. Source: docs.k3s.io, "Advanced options". */
export function k3sUnit(role: K3sRole): string {
  return `# Written by the agent at each start.
[Unit]
Description=k3s ${role}
StartLimitIntervalSec=0

[Service]
Type=${role === 'server' ? 'notify' : 'exec'}
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=${k3s.program} ${role}
# Pods go on while it restarts.
KillMode=process
Delegate=yes
TimeoutStartSec=0
Restart=always
RestartSec=5
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=0
TasksMax=infinity
OOMScoreAdjust=-999
`;
}
