import { networkOf, Stranger } from '../../../src/identity/stranger';

describe('networkOf', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:10.1.2.3', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
    ['acme/alice', 'unknown'],
    ['', 'unknown'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a stranger', () => {
  it('is known by its network', () => {
    expect(new Stranger({ ip: '2001:db8:1:2::9' }, false)).toMatchObject({
      id: '2001:db8:1:2::/64',
      tenant: undefined,
      key: undefined,
    });
    expect(new Stranger({ ip: undefined }, false).id).toBe('unknown');
  });

  it.each([true, false])('may do everything only where authentication is off: %s', (isOff) => {
    const stranger = new Stranger({ ip: '10.1.2.3' }, isOff);
    expect([stranger.has(), stranger.sees(), stranger.seesAll]).toEqual([isOff, isOff, isOff]);
  });
});
