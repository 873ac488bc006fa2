import { expect, test } from 'vitest';
import { missedBy } from '../../../../agent/postcheck/closed-world.ts';

const line = (uri: string, status: number, agent = 'containerd/v2.2.0') =>
  JSON.stringify({
    ...{ level: 'error', msg: 'response completed with error', 'http.request.useragent': agent },
    ...{ 'http.request.uri': uri, 'http.response.status': status },
  });

test('what containerd did not find is named once; people and the post-check itself do not count', () => {
  const log = [
    line('/v2/docker.io/library/nginx/manifests/1.29', 404),
    line('/v2/docker.io/library/nginx/manifests/1.29', 404),
    line('/v2/docker.io/library/redis/manifests/8', 500),
    line('/v2/docker.io/library/mysql/manifests/9', 404, 'skopeo/1.18'),
    line('/v2/registry.k8s.io/pause/manifests/3.1', 404),
    'panic: no JSON',
    '',
  ];
  expect(missedBy(log.join('\n'))).toEqual(['/v2/docker.io/library/nginx/manifests/1.29']);
});
