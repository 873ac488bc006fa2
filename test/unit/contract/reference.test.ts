import { describe, expect, test } from 'vitest';
import { formatReference, parseReference } from '../../../contract/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseReference', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:1.37', 'docker.io/library/busybox:1.37'],
    ['rancher/local-path-provisioner:v0.0.30', 'docker.io/rancher/local-path-provisioner:v0.0.30'],
    ['index.docker.io/library/busybox:1', 'docker.io/library/busybox:1'],
    ['localhost/app:1', 'localhost/app:1'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c'],
    ['[::1]:5000/app', '[::1]:5000/app'],
    [`ghcr.io/fluxcd/flux-cli:v2.9@${digest}`, `ghcr.io/fluxcd/flux-cli:v2.9@${digest}`],
    [`quay.io/a/b@${digest}`, `quay.io/a/b@${digest}`],
  ])('%s is %s', (text, full) => {
    const reference = parseReference(text);
    expect(reference && formatReference(reference)).toBe(full);
  });

  test.each([
    '',
    'Busybox',
    'ghcr.io/',
    'ghcr.io/a:',
    'a b',
    'ghcr.io/a@sha256:12',
    'https://ghcr.io/a',
    '-a',
    `a:${'x'.repeat(129)}`,
  ])('%j is none', (text) => {
    expect(parseReference(text)).toBeNull();
  });
});
