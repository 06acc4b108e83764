import fc from 'fast-check';
import { claimMapOf, isClaimMap } from '../../../../src/config/oidc';
import { KnownCaller } from '../../../../src/identity/known-caller';
import { grantOf } from '../../../../src/identity/oidc/token-claims';

/** What a token with these claims grants, or why it is refused. */
function granted(claims: Record<string, unknown>, map = 'key=sub,tenant=tenant,scopes=scope') {
  const entries = map.split(',');
  expect(isClaimMap(entries)).toBe(true);
  return grantOf({ sub: 'alice', ...claims }, claimMapOf(entries));
}

describe('claims of a token', () => {
  it.each([
    [
      'Keycloak',
      'key=sub,scopes=resource_access.nexus.roles',
      { resource_access: { nexus: { roles: ['nexus:read'] } } },
    ],
    [
      'a claim named by a URL',
      'key=sub,scopes=https://a.example/s?x=1',
      { 'https://a.example/s?x=1': 'nexus:read' },
    ],
    ['a name with a dot', 'key=sub,scopes=a.io.b.scopes', { 'a.io': { b: { scopes: ['nexus:read'] } } }],
    ['the longest name that exists', 'key=sub,scopes=a.b', { a: { b: 'nexus:admin' }, 'a.b': 'nexus:read' }],
    [
      'a text of several words',
      'key=sub,scopes=scope',
      { scope: 'openid  nexus:read\tread admin xnexus:infer' },
    ],
  ])('%s: scopes', (_what, map, claims) => {
    expect(granted(claims, map)).toMatchObject({ scopes: ['read'] });
  });

  it('without a map of scopes mean infer; with a map, nothing if they are absent', () => {
    expect(granted({ scope: 'nexus:admin' }, 'key=sub')).toMatchObject({ scopes: ['infer'] });
    expect(granted({})).toMatchObject({ scopes: [] });
    expect(granted({ scope: null })).toMatchObject({ scopes: [] });
  });

  it('without a map of models mean all; with a map, none if they are absent', () => {
    const map = 'key=sub,models=m';
    expect(granted({})).toMatchObject({ models: ['*'] });
    expect(granted({}, map)).toMatchObject({ models: [] });
    expect(granted({ m: 'digits, ocr-* iris' }, map)).toMatchObject({ models: ['digits', 'ocr-*', 'iris'] });
    expect(granted({ m: ['digits', 'two words'] }, map)).toMatchObject({ models: ['digits', 'two words'] });
    expect(granted({ m: Array.from({ length: 257 }, String) }, map)).toMatch(/up to 256 models/);
    expect(granted({ m: ['x'.repeat(257)] }, map)).toMatch(/up to 256 models/);
  });

  it.each([{ scope: 1 }, { scope: {} }, { scope: ['nexus:read', 1] }, { scope: true }])(
    'refuse %j',
    (claims) => {
      expect(granted(claims)).toMatch(/neither a text nor an array/);
    },
  );

  it('determine tenant and key', () => {
    expect(granted({ tenant: 'acme' })).toMatchObject({ tenant: 'acme', key: 'oidc:alice' });
    expect(granted({ email: 'a@b.example' }, 'key=email,tenant=org.id')).toMatchObject({
      tenant: 'default',
      key: 'oidc:a@b.example',
    });
    const pod = { sub: 'system:serviceaccount:ml:app', 'kubernetes.io': { namespace: 'ml' } };
    expect(granted(pod, 'key=sub,tenant=kubernetes.io.namespace')).toMatchObject({
      tenant: 'ml',
      key: 'oidc:system:serviceaccount:ml:app',
      scopes: ['infer'],
    });
    expect(granted({ sub: 'repo:acme/app%2F' })).toMatchObject({ key: 'oidc:repo:acme%2Fapp%252F' });
  });

  it.each(['', ' ', 'a b', 'a\nb', 'a\u0000', 'é', 'x'.repeat(129), 7, null, undefined, ['a'], {}])(
    'refuse the subject %j',
    (sub) => expect(granted({ sub })).toMatch(/^the claim sub of the token is not a text/),
  );

  it.each(['', 'a/b', '/', 'a b', '..\n', '-a', 'é', 'x'.repeat(129), 7, ['a'], {}])(
    'refuse the tenant %j',
    (tenant) => expect(granted({ tenant })).toMatch(/^the claim tenant of the token is not a text/),
  );

  it.each(['__proto__', 'constructor', 'constructor.name', 'toString', 'sub.length'])(
    'have no %s',
    (path) => {
      expect(granted({}, `key=${path}`)).toMatch(/is not a text/);
    },
  );

  it('never give two clients one id, nor the id of a key of another kind', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '/', '%', ':', 'oidc:', '2F', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, text, text, (tenant, sub, otherTenant, otherSub) => {
        const [one, other] = [granted({ tenant, sub }), granted({ tenant: otherTenant, sub: otherSub })];
        if (typeof one === 'string' || typeof other === 'string') return;
        const [{ id }, { id: otherId }] = [new KnownCaller(one), new KnownCaller(other)];
        expect(id === otherId).toBe(tenant === otherTenant && sub === otherSub);
        expect(id.split('/')).toEqual([tenant, expect.stringMatching(/^oidc:/)]);
      }),
    );
  });
});
