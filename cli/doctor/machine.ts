import { availableParallelism } from 'node:os';
import { formatBytes } from '../../contract/units.ts';
import { availableMemory } from '../../host/memory.ts';
import { run } from '../../host/process.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type Check, fail, pass, warn } from './check.ts';

/** Memory that a box needs in a virtual machine, and that the largest compile takes, bytes. */
const MEMORY_NEEDED = 4 * 2 ** 30;

export const nodeCheck: Check = {
  id: 'node',
  title: 'Node.js',
  neededBy: [],
  look: async () => {
    const wanted = packageJson.config.nodeVersion;
    const found = process.versions.node;
    // The launcher never starts an older one; this names what it chose.
    return newer(found, wanted) ? pass(found) : fail(found, `run through ./cpiab, which installs ${wanted}`);
  },
};

function newer(found: string, wanted: string): boolean {
  return found.localeCompare(wanted, 'en', { numeric: true }) >= 0;
}

export const isolationCheck: Check = {
  id: 'isolation',
  title: 'build steps can be isolated',
  neededBy: ['build', 'test'],
  look: async ({ signal }) => {
    const probe = [
      'bwrap',
      '--unshare-user',
      '--unshare-net',
      '--unshare-pid',
      '--ro-bind',
      '/',
      '/',
      '--',
      'true',
    ];
    try {
      await run(probe, { timeoutMs: 5000, signal });
      return pass(process.getuid?.() === 0 ? 'bubblewrap, as root' : 'bubblewrap, in a user namespace');
    } catch (error) {
      const hint = 'allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or run as root';
      return fail((error as Error).message, hint);
    }
  },
};

export const virtualisationCheck: Check = {
  id: 'virtualisation',
  title: 'virtual machines',
  neededBy: [],
  look: async ({ signal }) => {
    const { detectAccelerator } = await import('../../host/qemu/accelerator.ts');
    if ((await detectAccelerator(signal)) === 'kvm') return pass('KVM works');
    return warn(
      'no KVM: software emulation',
      'a boot takes minutes instead of seconds; needs read and write on /dev/kvm',
    );
  },
};

export const memoryCheck: Check = {
  id: 'memory',
  title: 'memory and cores',
  neededBy: [],
  look: async () => {
    const { available } = await availableMemory();
    const detail = `${formatBytes(available)} available, ${availableParallelism()} cores`;
    if (available >= MEMORY_NEEDED) return pass(detail);
    return warn(detail, `${formatBytes(MEMORY_NEEDED)} are needed to build and to boot; end other programs`);
  },
};
