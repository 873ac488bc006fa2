/** Groups of checks, in the order in which they are shown. */
export const postcheckGroups = {
  engine: 'Box and Kubernetes',
  'closed-world': 'Closed world',
  flux: 'Flux',
  secrets: 'Secrets',
  storage: 'Storage',
  ingress: 'Routes',
  login: 'Login',
  observability: 'Observability',
  apps: 'Apps',
} as const;

export interface PostcheckKind {
  group: keyof typeof postcheckGroups;
  /** What holds when it passes. */
  title: string;
  /** What goes wrong without it. */
  why: string;
  /** What to do when it fails. */
  fix: string;
  /** Whether the box is in order without it: what it is about is of use online only, or waits for a person. */
  optional?: true;
}

/** Every check of a post-check, in the order in which they are shown. The agent has a function for each. */
export const postchecks = {
  'engine/nodes': {
    group: 'engine',
    title: 'every node is Ready, at the version of the site',
    why: 'a node that is not Ready runs no new pod, and one of another version is an update that did not end',
    fix: 'look at `cpiab nodes` and at the console of the node that is named; restart it, or end the update',
  },
  'engine/api-server': {
    group: 'engine',
    title: 'the API server says that it is ready',
    why: 'nothing can be changed or repaired in the cluster without it',
    fix: 'wait a minute; if this stays, restart the box, and send what `cpiab support-bundle` gives',
  },
  'engine/cgroup': {
    group: 'engine',
    title: 'the kernel uses cgroup v2',
    why: 'limits of memory and processor are not kept as Kubernetes expects',
    fix: "take `systemd.unified_cgroup_hierarchy=0` and `cgroup_no_v1` off the kernel's command line",
  },
  'engine/datastore': {
    group: 'engine',
    title: "the cluster's state can be saved, and has its own checksum",
    why: 'a damaged store loses objects, and no backup of it can be restored',
    fix: 'look at the disk of the box (`cpiab status`), then restore a backup: docs/operate/backup.md',
  },
  'engine/system-pods': {
    group: 'engine',
    title: 'every pod of kube-system is healthy',
    why: 'DNS, scheduling and the control plane itself are there',
    fix: 'look at the events of the pod that is named: `cpiab support-bundle` has them',
  },
  'engine/dns': {
    group: 'engine',
    title: 'a pod can resolve the name of a Service',
    why: 'apps find each other by name',
    fix: 'look whether CoreDNS runs (engine/system-pods), and whether a NetworkPolicy of kube-system shuts it off',
  },
  'closed-world/images': {
    group: 'closed-world',
    title: 'every image that runs is in the bundle',
    why: 'what is not in the bundle was never verified, and is gone when its node is made anew',
    fix: 'find who started it: nothing but Flux should; take it out, or add its image to a bundle set and build',
  },
  'closed-world/pull-errors': {
    group: 'closed-world',
    title: 'no container waits for an image',
    why: 'the pod never starts: the box has no other place to get the image from',
    fix: 'add the image to a bundle set, build, and push the update; `./cpiab check` finds this before',
  },
  'closed-world/registry': {
    group: 'closed-world',
    title: 'nothing asked the registry for what it does not have',
    why: 'something in the cluster wants an image that the bundle lacks, even if only now and then',
    fix: 'find what names the image, and add that to a bundle set; then restart the box, whose log is of this boot',
  },
  'closed-world/egress': {
    group: 'closed-world',
    title: 'no packet tried to leave the box',
    why: 'a program expects the internet, and tells it what it should not',
    fix: 'find the program by the log of the firewall (docs/operate/firewall.md), turn it off, and restart the box',
  },
  'closed-world/unbundled-image': {
    group: 'closed-world',
    title: 'an image that is not in the bundle cannot be pulled',
    why: 'images reach the box by a way that nobody checks',
    fix: 'look at /etc/containerd/certs.d and at the ways out that the site allows (`network.egress`)',
  },
  'flux/controllers': {
    group: 'flux',
    title: "Flux's controllers run at the digests of the bundle",
    why: 'what applies everything must itself be what was signed',
    fix: 'restore cluster/kubernetes/flux/system in Git, push, and restart the box, which applies that folder',
  },
  'flux/revision': {
    group: 'flux',
    title: "the cluster has applied the head of the box's Git",
    why: 'what runs is older than what Git says',
    fix: 'look at `cpiab status`: it names what holds Flux back',
  },
  'flux/ready': {
    group: 'flux',
    title: 'every required Kustomization is ready, none is suspended',
    why: 'a suspended or failing one no longer follows Git',
    fix: 'look at the reason in the evidence; a suspended one is resumed in Git by taking `suspend` out',
  },
  'flux/probe': {
    group: 'flux',
    title: 'a new commit is applied within a minute',
    why: 'a correction in Git would not reach the cluster',
    fix: 'look at the log of kustomize-controller: `cpiab support-bundle`',
  },
  'flux/drift': {
    group: 'flux',
    title: 'a change by hand is taken back',
    why: 'the cluster would drift away from Git',
    fix: 'look at the log of kustomize-controller, and at who else owns the field (`managedFields`)',
  },
  'flux/prune': {
    group: 'flux',
    title: 'what a commit removes is gone from the cluster',
    why: 'what Git no longer has would run on',
    fix: 'look at the log of kustomize-controller; a finalizer may hold the object',
  },
  'secrets/decrypt': {
    group: 'secrets',
    title: 'Flux decrypts a Secret that is encrypted for the box',
    why: 'apps would get no passwords',
    fix: 'hand the box its key: `cpiab secrets unlock`',
  },
  'secrets/history': {
    group: 'secrets',
    title: "no commit of the box's Git holds a secret in plain text",
    why: 'whoever may read Git, now or later, has it',
    fix: 'replace the secret wherever it is used; what opens nothing goes to config/policy/known-secrets.yaml',
  },
  'secrets/files': {
    group: 'secrets',
    title: 'only root can read the private keys of the box',
    why: 'another program on the box could act as the box or as the cluster',
    fix: 'restart the box; if this stays, somebody changes modes: look at who can log in',
  },
  'storage/volume': {
    group: 'storage',
    title: 'a volume is made, and keeps its content when its pod is replaced',
    why: 'apps would lose their data',
    fix: 'look at the pods of the provisioner and at the room on the disk (`cpiab status`)',
  },
  'storage/room': {
    group: 'storage',
    title: 'every disk of a node and every volume in use has room',
    why: 'programs stop or lose what they write, and a node without room puts pods out',
    fix: 'remove what nobody needs from what is named, or give the disk or the share more room',
  },
  'storage/nfs': {
    group: 'storage',
    title:
      'what an app writes to an NFS volume is there for the next pod, with the owner that synology/exports says',
    why: 'apps cannot write, or cannot change what another one has written',
    fix: "switch the NAS on, or compare the share's NFS permissions with synology/exports: privilege, squash, address",
  },
  'ingress/redirect': {
    group: 'ingress',
    title: 'port 80 leads to HTTPS, for each host',
    why: 'who leaves out `https://` reaches nothing, or sends passwords in plain text',
    fix: "look at Traefik's pod, and at its entry point `web`",
  },
  'ingress/certificates': {
    group: 'ingress',
    title:
      "each host's certificate is for it, by the box's authority where the box gives it, for more than 7 days",
    why: 'browsers warn, and people learn to click that away',
    fix: "look at `cpiab status`, which names a route whose certificate the box can't give; else at who gives it",
  },
  'ingress/routes': {
    group: 'ingress',
    title: 'each route answers',
    why: 'the app runs, and nobody reaches it',
    fix: "look at the app's Service and at its NetworkPolicy, which has to let namespace `traefik` in",
  },
  'login/anonymous': {
    group: 'login',
    title: 'who is not logged in is led to the login, on each route that asks for one',
    why: 'an app lies open to everybody who reaches the box',
    fix: "look at the middlewares that the Ingress names, at Traefik's log, and at app `sso`",
  },
  'login/discovery': {
    group: 'login',
    title: 'the login says where its endpoints and keys are',
    why: 'nothing that speaks OpenID Connect can let anybody in',
    fix: "look at the pod of app `sso`, and whether its issuer is the site's domain",
  },
  'login/sign-in': {
    group: 'login',
    title: 'who signs in gets the page that the login guards, and nobody with a wrong password',
    why: 'nobody gets to an app any more, or everybody does',
    fix: 'look at the log of app `sso`: `kubectl -n sso logs deploy/sso`; the host must be in its config.yaml',
  },
  'observability/targets': {
    group: 'observability',
    title: 'every target of Prometheus is up',
    why: 'nobody is told when what is not watched fails',
    fix: 'look at the error in the evidence: the pod, its port, or a NetworkPolicy that does not let `prometheus` in',
  },
  'observability/dashboards': {
    group: 'observability',
    title: 'every panel of every dashboard has data',
    why: 'a picture without data looks like one without trouble',
    fix: "look whether the panel's metric is still collected and named so (`cpiab check` knows only the grammar)",
  },
  'observability/alert': {
    group: 'observability',
    title: 'an alert that is raised has a receiver',
    why: 'alerts fire and nobody hears them',
    fix: "look at Alertmanager's log, and at its silences",
  },
  'observability/logs': {
    group: 'observability',
    title: 'a line that a pod writes is found in Loki',
    why: 'when something goes wrong, what it said is lost with its pod',
    fix: "look at the collector's pod on the node and at its metrics, then at Loki's log",
  },
  'apps/wiring': {
    group: 'apps',
    title: 'media apps know each other as Git says, with nothing left to change',
    why: 'what is wished for is not found, not downloaded, or not filed',
    fix: 'the evidence names the app and what to do; `kubectl -n media-wiring logs deploy/media-wiring` has the changes',
    optional: true,
  },
  'apps/health': {
    group: 'apps',
    title: 'the app answers at the place that its app.yaml names',
    why: 'the app is applied but of no use',
    fix: "look at the app's pods and at its README",
  },
  'apps/media': {
    group: 'apps',
    title: 'the app can write where its app.yaml says, and link a download into the library',
    why: 'downloads end in an error, or take their room twice: a copy in place of a link',
    fix: 'run synology/folders.sh on the NAS, which makes the folders; mount downloads and library as one volume',
  },
} as const satisfies Record<string, PostcheckKind>;

export type PostcheckName = keyof typeof postchecks;
