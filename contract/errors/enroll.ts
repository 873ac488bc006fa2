/** What a person gives to enrol a node can't be used. Exit status 2. */
export const enrollInputErrors = {
  E1501: {
    exit: 2,
    says: (why: string) => `not an invitation: ${why}`,
    hint: 'copy the whole line that `./cpiab invite` printed',
  },
  E1502: {
    exit: 2,
    says: (why: string) => `this machine has no identity of a node: ${why}`,
    hint: 'join a box first: `./cpiab join INVITATION`',
  },
  E1503: {
    exit: 2,
    says: (box: string) => `this machine has enrolled with ${box} already, or is about to`,
    hint: 'give another --directory, or delete that one if the box has removed this node',
  },
} as const;

/** A node or a box is not what it should be. Exit status 3. */
export const enrollTrustErrors = {
  E2501: {
    exit: 3,
    says: (why: string) => `the invitation is not good: ${why}`,
    hint: 'ask for another: `./cpiab invite`',
  },
  E2502: {
    exit: 3,
    says: (why: string) => `refused: ${why}`,
    hint: 'a request names nothing and shows that it holds a P-256 key, as `./cpiab join` makes it',
  },
  E2503: {
    exit: 3,
    says: (why: string) => `the key of the connection is not the one that may ask this: ${why}`,
    hint: 'ask with the key and certificate that the request was made with',
  },
  E2504: {
    exit: 3,
    says: (when: string) => `revoked on ${when}`,
    hint: "this key is never let in again: join with a new one, if the box's operators want it",
  },
  E2505: {
    exit: 3,
    says: (clock: string, what: string) => `the clock says ${clock}, but its authority ${what}`,
    hint: 'set the clock of the box right, and try again',
  },
  E2506: {
    exit: 3,
    says: (why: string) => `its log does not continue the one that this node has seen: ${why}`,
    hint: 'the box was rolled back, or its log was edited: look at who could, before this node asks it again',
  },
  E2507: {
    exit: 3,
    says: (why: string) => `the box does not let this node in: ${why}`,
    hint: 'ask an operator of the box; `./cpiab audit` shows who decided it, and why',
  },
  E2508: {
    exit: 3,
    says: (box: string, node: string) => `the box's clock says ${box}, this machine's ${node}`,
    hint: 'set the clock that is wrong; then join again',
  },
  E2509: {
    exit: 3,
    says: (why: string) => `what the box gave is not a certificate for this node: ${why}`,
    hint: 'nothing was kept: compare the fingerprint with the console of the box, and join again',
  },
} as const;

/** A box can't do what was asked for a node. Exit status 1. */
export const enrollErrors = {
  E5501: {
    exit: 1,
    says: () => 'no such node',
    hint: '`./cpiab nodes` lists them',
  },
  E5502: {
    exit: 1,
    says: (when: string) => `its request was good until ${when}`,
    hint: 'let the node join again, with another invitation',
  },
  E5503: {
    exit: 1,
    says: (found: string, asked: string) => `its request is ${found}, not ${asked}`,
    hint: 'look at `./cpiab nodes` again: what was shown before is not what asks now',
  },
  E5504: {
    exit: 1,
    says: (why: string) => `no room: ${why}`,
    hint: 'wait a while; an invitation has a place of its own',
  },
  E5505: {
    exit: 1,
    says: (state: string, what: string) => `is ${state}, so it cannot be ${what}`,
    hint: '`./cpiab nodes` shows where each node stands',
  },
  E5506: {
    exit: 1,
    says: () => 'this was asked before',
    hint: 'each request has a nonce of its own, and counts once',
  },
  E5507: {
    exit: 1,
    says: (holder: string) => `another node has this name: ${holder}`,
    hint: 'give the machine another name, or remove the node that has it: `./cpiab remove`',
  },
  E5508: {
    exit: 1,
    says: (needed: string, found: string) => `this needs role ${needed}; the certificate has ${found}`,
    hint: 'let somebody do it whose certificate has that role',
  },
  E5509: {
    exit: 1,
    says: (why: string) => `this machine does not reach its box: ${why}`,
    hint: 'a node and its box stand on one network segment, with IPv4: look at cables, VLAN and addresses of both',
  },
  E5510: {
    exit: 1,
    says: (detail: string) => `pods are left on it: ${detail}`,
    hint: 'a PodDisruptionBudget keeps them: start more replicas elsewhere, or give it more time with --timeout',
  },
  E5513: {
    exit: 1,
    says: (why: string) => `no further control plane can join this box: ${why}`,
    hint: 'docs/operate/nodes.md, "Further control planes", says what a box needs for it',
  },
  E5514: {
    exit: 1,
    says: (why: string) => `this machine can be no control plane: ${why}`,
    hint: 'docs/operate/nodes.md, "Further control planes", says what a machine needs for it',
  },
} as const;
