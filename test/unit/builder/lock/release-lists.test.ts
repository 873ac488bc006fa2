import { describe, expect, test } from 'vitest';
import { parseChecksums, parseImageList } from '../../../../builder/lock/release-lists.ts';

const sum = 'a'.repeat(64);
const address = 'https://example.org/list';

describe('checksums', () => {
  test('are read as sha256sum writes them, in text and in binary mode', () => {
    expect(parseChecksums(`${sum}  k3s\n${sum} *k3s-images.txt\n`, address)).toEqual(
      new Map([
        ['k3s', sum],
        ['k3s-images.txt', sum],
      ]),
    );
  });

  test.each([
    ['', 'it is empty'],
    ['<html>\n', 'line 1 is "<html>"'],
    [`${sum}  k3s\n${sum.slice(1)}  k3s-arm64\n`, `line 2 is "${sum.slice(0, 60)}"`],
    [`${sum}  k3s\n${sum}  k3s-ar`, 'cut off'],
    [`${sum}  k3s\n${sum}  k3s\n`, 'it has k3s twice'],
  ])('%j are none', (text, why) => {
    expect(() => parseChecksums(text, address)).toThrow(expect.objectContaining({ code: 'E3081' }));
    expect(() => parseChecksums(text, address)).toThrow(why);
  });
});

describe('a list of images', () => {
  test('is read by line, sorted, each once', () => {
    const text = 'docker.io/rancher/pause:3.6\ndocker.io/rancher/helm:v1\ndocker.io/rancher/pause:3.6\n';
    expect(parseImageList(text, address)).toEqual([
      'docker.io/rancher/helm:v1',
      'docker.io/rancher/pause:3.6',
    ]);
  });

  test.each([
    ['', 'it is empty'],
    ['\n', 'line 1 is ""'],
    ['docker.io/rancher/pause:3.6\n<html>\n', 'line 2 is "<html>", no full reference'],
    ['docker.io/rancher/pause\n', 'no full reference'],
    ['rancher/pause:3.6\n', 'no full reference'],
    // The beginning of v0.0.32: it may well exist.
    ['docker.io/rancher/local-path-provisioner:v0.0.3', 'cut off'],
  ])('%j is none', (text, why) => {
    expect(() => parseImageList(text, address)).toThrow(expect.objectContaining({ code: 'E3082' }));
    expect(() => parseImageList(text, address)).toThrow(why);
  });
});
