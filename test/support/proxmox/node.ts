/** A node's storages, machines and tasks, as far as a deployment sees them. */
export class Node {
  readonly name: string;
  version = '9.2.4';
  readonly storages: Record<string, { content: string; avail: number; active: number }> = {
    local: { content: 'iso,vztmpl,backup,import', avail: 1e12, active: 1 },
    'local-lvm': { content: 'images,rootdir', avail: 1e12, active: 1 },
  };
  /** By volume. */
  readonly files: Record<string, { size: number; sha256: string }> = {};
  readonly machines: Record<string, Record<string, string>> = {};
  readonly running = new Set<string>();
  /** Exit status of the next task of a type; OK unless told. */
  readonly taskEnds: Record<string, string> = {};
  /** How often a task is seen running. */
  taskLooks = 1;
  readonly #tasks = new Map<string, { left: number; exit: string; end: () => void }>();

  constructor(name: string) {
    this.name = name;
  }

  answer(
    method: string,
    path: string,
    names: Record<string, string>,
    given: Record<string, string>,
  ): unknown {
    const { storage = '', vmid = '', upid } = names;
    if (path === '/version') return { version: this.version, release: '9.2', repoid: '0123abcd' };
    if (upid !== undefined) return this.#task(upid);
    if (path.endsWith('/content')) return this.#content(storage, given['content'] ?? '');
    if (storage !== '') return this.#storage(storage);
    if (path.endsWith('/qemu')) return this.#create(given);
    const machine = this.#machine(vmid);
    if (path.endsWith('/config')) return { ...machine, digest: '0'.repeat(40) };
    if (method === 'PUT') return this.#resize(vmid, given);
    if (path.endsWith('/start')) return this.#start('qmstart', vmid, () => this.running.add(vmid));
    return { vmid: Number(vmid), status: this.running.has(vmid) ? 'running' : 'stopped' };
  }

  upload(storage: string, fields: Record<string, string>, file: { sha256: string; size: number }): string {
    const { content = '', filename = '', checksum } = fields;
    if (!this.#storage(storage).content.split(',').includes(content))
      throw new Error(`storage '${storage}' does not support '${content}' content`);
    if (checksum !== undefined && checksum !== file.sha256) this.taskEnds['imgcopy'] = 'checksum mismatch';
    return this.#start('imgcopy', '', () => {
      this.files[`${storage}:${content}/${filename}`] = file;
    });
  }

  #storage(storage: string) {
    const found = this.storages[storage];
    if (found === undefined) throw new Error(`storage '${storage}' does not exist`);
    return { ...found, type: 'dir', total: 2e12 };
  }

  #content(storage: string, content: string) {
    return Object.entries(this.files)
      .filter(([volid]) => volid.startsWith(`${storage}:${content}/`))
      .map(([volid, { size }]) => ({ volid, size, content, format: content }));
  }

  #machine(vmid: string): Record<string, string> {
    const machine = this.machines[vmid];
    if (machine !== undefined) return machine;
    throw new Error(`Configuration file 'nodes/${this.name}/qemu-server/${vmid}.conf' does not exist`);
  }

  #create(given: Record<string, string>): string {
    const { vmid = '', ...config } = given;
    if (this.machines[vmid] !== undefined)
      throw new Error(`unable to create VM ${vmid} - VM ${vmid} already exists on node '${this.name}'`);
    for (const drive of [config['ide2'], config['scsi0']]) this.#requireVolume(drive ?? '');
    this.machines[vmid] = { lock: 'create' };
    const imported = config['scsi0']?.includes('import-from=') === true;
    const size = imported ? '3584M' : `${/^[^:]+:(\d+)/.exec(config['scsi0'] ?? '')?.[1]}G`;
    return this.#start('qmcreate', vmid, () => {
      // Volumes get names, and what was only for their making is gone.
      const scsi0 = `local-lvm:vm-${vmid}-disk-1,discard=on,iothread=1,size=${size}`;
      this.machines[vmid] = { ...config, scsi0, description: `${config['description'] ?? ''}\n` };
    });
  }

  #requireVolume(drive: string): void {
    const volume =
      /import-from=([^,]+)/.exec(drive)?.[1] ?? /^([^,]+:iso\/[^,]+),media=cdrom/.exec(drive)?.[1];
    if (volume !== undefined && this.files[volume] === undefined)
      throw new Error(`volume '${volume}' does not exist`);
  }

  #resize(vmid: string, { size = '' }: Record<string, string>): string {
    return this.#start('resize', vmid, () => {
      const machine = this.#machine(vmid);
      machine['scsi0'] = (machine['scsi0'] ?? '').replace(/size=.*$/, `size=${size}`);
    });
  }

  #start(type: string, id: string, end: () => void): string {
    const upid = `UPID:${this.name}:0003A1B2:00C0FFEE:66F0A1B2:${type}:${id}:ci@pve!cpiab:`;
    const exit = this.taskEnds[type] ?? 'OK';
    this.#tasks.set(upid, { left: this.taskLooks, exit, end });
    return upid;
  }

  #task(upid: string) {
    const task = this.#tasks.get(upid);
    if (task === undefined) throw new Error(`no such task '${upid}'`);
    const { exit, end } = task;
    task.left -= 1;
    if (task.left >= 0) return { upid, status: 'running' };
    if (exit === 'OK') end();
    // PVE takes a machine away whose making failed.
    else if (upid.includes(':qmcreate:')) delete this.machines[upid.split(':')[6] ?? ''];
    return { upid, status: 'stopped', exitstatus: exit };
  }
}
