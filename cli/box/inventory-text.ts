import type { Host, Inventory, InventoryEvent, Proposal } from '../../contract/inventory.ts';
import { table } from '../table.ts';

/** The inventory for people: how it was looked, who is there, what is proposed. */
export function inventoryText(inventory: Inventory): string {
  const { hosts, proposals } = inventory;
  const parts = [
    headOf(inventory),
    hosts.length === 0
      ? null
      : table([['address', 'name', 'hardware address', 'services', 'seen'], ...hosts.map(row)]),
    proposals.length === 0
      ? null
      : ['proposed, for you to decide:', ...proposals.map(proposalLine)].join('\n'),
  ];
  return parts.filter((part) => part !== null).join('\n\n');
}

/** Such as `2026-11-22 04:11:09Z appeared mac:…: + address 10.0.0.7`. */
export function eventLine({ time, what, host, detail }: InventoryEvent): string {
  return `${shortTime(time)} ${what} ${host}${detail === '' ? '' : `: ${detail}`}`;
}

/** Events that were not among those shown. The box keeps only the newest, so the last one shown may be gone. */
export function eventsAfter(
  shown: readonly InventoryEvent[],
  events: readonly InventoryEvent[],
): readonly InventoryEvent[] {
  const known = new Set(shown.map((event) => JSON.stringify(event)));
  return events.filter((event) => !known.has(JSON.stringify(event)));
}

function headOf({ mode, links, looked, hosts, dropped, problem }: Inventory): string {
  const seen = hosts.filter(({ state }) => state === 'seen').length;
  const at = looked === null ? 'no look has ended yet' : `last look ${shortTime(looked)}`;
  const lines = [
    `${mode}, ${at}: ${seen} of ${hosts.length} hosts seen`,
    ...links.map(({ name, networks, note }) =>
      [`link ${name}: ${networks.join(', ') || 'no IPv4 network'}`, note]
        .filter((part) => part !== null)
        .join('; '),
    ),
    problem === null ? null : `problem: ${problem}`,
    dropped === 0 ? null : `${dropped} messages and names were too many to keep`,
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function row({ addresses: [first = '', ...others], names, mac, services, state, lastSeen }: Host): string[] {
  const offered = [...new Set(services.map(({ name, port }) => `${name}:${port}`))];
  return [
    others.length === 0 ? first : `${first} +${others.length}`,
    names[0] ?? '',
    mac ?? '',
    offered.slice(0, 6).join(' ') + (offered.length > 6 ? ` +${offered.length - 6}` : ''),
    state === 'seen' ? shortTime(lastSeen) : `not since ${shortTime(lastSeen)}`,
  ];
}

const proposalLine = ({ propose, target, rule, host, confidence }: Proposal) =>
  `  ${propose} ${target} (${confidence}, rule ${rule}, ${host})`;

const shortTime = (time: string) => time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
