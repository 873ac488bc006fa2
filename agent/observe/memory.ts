/** Bytes in use, which is what programs could not be given, and in all. Source: proc_meminfo(5). */
export function memoryInUse(meminfo: string): { used: number; total: number } {
  const kibibytes = (name: string) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1];
    if (found === undefined) throw new Error(`/proc/meminfo has no ${name}`);
    return Number(found);
  };
  const total = kibibytes('MemTotal');
  return { used: (total - kibibytes('MemAvailable')) * 1024, total: total * 1024 };
}
