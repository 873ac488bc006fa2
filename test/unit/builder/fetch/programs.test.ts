import { describe, expect, test } from 'vitest';
import { firstError, linkedModules } from '../../../../builder/fetch/programs.ts';
import { Cache } from '../../../../host/cache.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();

describe('the first error of the go command', () => {
  // Each is what go 1.26.11 wrote.
  test.each([
    [
      'a type error, in a package whose own name says error',
      '# example.com/x/errors\nerrors/e.go:3:23: cannot use "x" (untyped string constant) as int value in return statement\n',
      'errors/e.go:3:23: cannot use "x" (untyped string constant) as int value in return statement',
    ],
    [
      'a function without a body',
      '# example.com/x\n./main.go:3:6: missing function body\n',
      './main.go:3:6: missing function body',
    ],
    [
      'a missing sum, after downloads',
      'go: downloading golang.org/x/mod v0.30.0\nmain.go:3:8: missing go.sum entry for module providing package golang.org/x/mod/semver (imported by example.com/x); to add:\n\tgo get example.com/x\n',
      'main.go:3:8: missing go.sum entry for module providing package golang.org/x/mod/semver (imported by example.com/x); to add:',
    ],
    [
      'a version that cannot be had',
      'go: golang.org/x/mod@v0.30.999: reading https://proxy.example/golang.org/x/mod/@v/v0.30.999.mod: 403 Forbidden\n\tserver response: This module version is not available.\n',
      'go: golang.org/x/mod@v0.30.999: reading https://proxy.example/golang.org/x/mod/@v/v0.30.999.mod: 403 Forbidden',
    ],
    [
      'a module that is not the one in go.sum',
      'go: downloading golang.org/x/mod v0.30.0\nverifying golang.org/x/mod@v0.30.0: checksum mismatch\n\tdownloaded: h1:a=\n\tgo.sum:     h1:b=\n\nSECURITY ERROR\nThis download does NOT match an earlier download recorded in go.sum.\n',
      'verifying golang.org/x/mod@v0.30.0: checksum mismatch',
    ],
    [
      'a compiler out of memory',
      'go: downloading k8s.io/api v0.36.3\nk8s.io/api/core/v1: /usr/lib/go-1.26/pkg/tool/linux_amd64/compile: signal: killed\n',
      'k8s.io/api/core/v1: /usr/lib/go-1.26/pkg/tool/linux_amd64/compile: signal: killed',
    ],
    [
      'a folder that is not there',
      'stat /src/cmd/x: directory not found\n',
      'stat /src/cmd/x: directory not found',
    ],
    ['nothing', '\n', 'no output'],
  ])('%s', (_, output, expected) => {
    expect(firstError(output)).toBe(expected);
  });
});

test('linked modules are those in the program: of a replaced one what replaced it', async () => {
  // What `go version -m` printed of two programs; the second line of each is the program's own module.
  const text = [
    '/out/kube: go1.26.11',
    '\tpath\tcpiab.dev/supply/kube',
    '\tmod\tcpiab.dev/supply/kube\t(devel)\t',
    '\tdep\tgithub.com/beorn7/perks\tv1.0.1\th1:VlbKKnNfV8bJzeqoa4cOKqO6bYr3WgKZxO8Z16+hsOM=',
    '\tdep\tk8s.io/mount-utils\tv0.0.0\t',
    '\t=>\tk8s.io/mount-utils\tv0.36.3\th1:AA=',
    '\tbuild\t-buildmode=exe',
    '/out/ctr: go1.26.11',
    '\tdep\tgolang.org/x/sys\tv0.40.0\th1:AA=',
  ];
  const list = await new Cache(here()).put(`${text.join('\n')}\n`);
  expect(await linkedModules(list)).toEqual([
    { module: 'github.com/beorn7/perks', version: 'v1.0.1' },
    { module: 'k8s.io/mount-utils', version: 'v0.36.3' },
    { module: 'golang.org/x/sys', version: 'v0.40.0' },
  ]);
});
