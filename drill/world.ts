import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { BankName, DrillHost, Scenario, Service, Substrate } from '../contract/drill/scenario.ts';

/** A host of a bank, with its name. */
export interface PlacedHost extends DrillHost {
  name: string;
  bank: BankName;
}

export const bankNames: readonly BankName[] = ['a', 'b'];
export const otherBank = (bank: BankName): BankName => (bank === 'a' ? 'b' : 'a');

/** Customers are in a bank's network, and not in its building. */
export const hasPowerOfItsOwn = (runs: Service): boolean => runs === 'customers';

/** Where a drill lies: names of its namespaces and directories follow from its output directory, so that a later process finds them. */
export class World {
  readonly scenario: Scenario;
  readonly substrate: Substrate;
  /** What people keep: journal and evidence. */
  readonly out: string;
  readonly id: string;
  /** What runs needs: for programs that are not root, so not below a home directory. */
  readonly work: string;

  constructor(scenario: Scenario, substrate: Substrate, out: string) {
    this.scenario = scenario;
    this.substrate = substrate;
    this.out = realpathSync(out);
    this.id = createHash('sha256').update(this.out).digest('hex').slice(0, 8);
    this.work = join('/var/lib/cpiab-drill', this.id);
  }

  hosts(bank: BankName): PlacedHost[] {
    return Object.entries(this.scenario.banks[bank].hosts).map(([name, host]) => ({ ...host, name, bank }));
  }

  /** The host of a bank that runs a service. */
  host(bank: BankName, service: Service): PlacedHost {
    const found = this.hosts(bank).find(({ runs }) => runs === service);
    if (found === undefined) throw new Error(`bank ${bank} runs no ${service}`);
    return found;
  }

  /** Its network namespace. */
  namespace({ bank, name }: Pick<PlacedHost, 'bank' | 'name'>): string {
    return `cpiab-drill-${this.id}-${bank}-${name}`;
  }

  /** Whether a host is a virtual machine, which its namespace connects. */
  isMachine({ runs }: Pick<PlacedHost, 'runs'>): boolean {
    return this.substrate === 'qemu' && (runs === 'box' || runs === 'node');
  }

  /** Where the operators of a bank's box sit. */
  operators(bank: BankName): string {
    return this.substrate === 'qemu' ? this.gateway(bank) : this.namespace(this.host(bank, 'box'));
  }

  /** The namespace with a bank's switch and its way to the other bank. No host is called so: it has a dot. */
  gateway(bank: BankName): string {
    return this.namespace({ bank, name: '.gateway' });
  }

  /** What the hosts of a bank keep, on a file system of its own where its power is cut. */
  disk(bank: BankName): string {
    return join(this.work, bank);
  }

  /** What a host keeps. */
  directory({ bank, name, runs }: PlacedHost): string {
    return hasPowerOfItsOwn(runs) ? join(this.work, name) : join(this.disk(bank), name);
  }

  /** What those who write have been told: no fault may take it away. */
  get told(): string {
    return join(this.work, 'told');
  }

  /** What the drill itself must know and nobody else. */
  get secrets(): string {
    return join(this.work, 'secrets');
  }

  get evidence(): string {
    return join(this.out, 'evidence');
  }

  /** The name under which customers and batch find the service. */
  get serviceName(): string {
    return `pay.${this.scenario.banks.a.domain}`;
  }
}
