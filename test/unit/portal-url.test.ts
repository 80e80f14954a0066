import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePortalUrl, pathSegment } from '../../src/portal/portal-url.js';

describe('parsePortalUrl', () => {
  it.each([
    ['https://customers.gitlab.com', 'https://customers.gitlab.com', ''],
    ['https://customers.gitlab.com/', 'https://customers.gitlab.com', ''],
    ['https://proxy.example.com:8443/gitlab/portal//', 'https://proxy.example.com:8443', '/gitlab/portal'],
    ['http://localhost:8080', 'http://localhost:8080', ''],
    ['http://127.8.9.1', 'http://127.8.9.1', ''],
    ['http://0x7f.1', 'http://127.0.0.1', ''],
    ['http://[::1]:3000/p', 'http://[::1]:3000', '/p'],
  ])('takes %s', (text, origin, prefix) => {
    expect(parsePortalUrl(text)).toEqual({
      origin,
      tokenPath: `${prefix}/oauth/token`,
      subscriptionsPath: `${prefix}/api/v1/marketplace/subscriptions`,
    });
  });

  it.each([
    ['', /absolute https URL/],
    ['customers.gitlab.com', /absolute https URL/],
    ['ftp://customers.gitlab.com', /absolute https URL/],
    ['http://customers.gitlab.com', /must be https/],
    ['http://127.0.0.1.example.com', /must be https/],
    ['http://localhost.example.com', /must be https/],
    ['http://128.0.0.1', /must be https/],
    ['https://customers.gitlab.com/?', /query/],
    ['https://customers.gitlab.com/?a=1', /query/],
    ['https://customers.gitlab.com/#', /fragment/],
    ['https://ada@customers.gitlab.com', /user name/],
  ])('refuses %j', (text, problem) => {
    expect(() => parsePortalUrl(text)).toThrow(problem);
  });

  it('does not repeat a password', () => {
    expect(() => parsePortalUrl('https://ada:hunter2@customers.gitlab.com')).toThrow(
      /^the portal's URL must not have a user name or password in it$/,
    );
  });
});

describe('pathSegment', () => {
  it('keeps any ID one segment of a path, whatever a URL parser makes of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (id) => {
        fc.pre(id !== '.' && id !== '..');
        const { pathname, search, hash } = new URL(`https://portal/a/${pathSegment(id)}/z`);
        const segments = pathname.split('/');
        expect([search, hash]).toEqual(['', '']);
        expect(segments).toHaveLength(4);
        expect(decodeURIComponent(segments[2] ?? '')).toBe(id);
      }),
      { examples: [['../..'], ['a/b?c#d%2e'], ['%2e%2e'], ['\\'], ['EXT 1\r\n']] },
    );
  });

  it.each(['', '.', '..', '\uD800'])('refuses %j', (id) => {
    expect(() => pathSegment(id)).toThrow(TypeError);
  });
});
