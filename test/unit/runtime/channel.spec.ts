import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Channel } from '../../../src/runtime/channel';
import { encodeFrame, MalformedFrame, type Frame } from '../../../src/runtime/frames';

const PATH = `\0nexus-channel-spec-${process.pid}`;

let server: Server;
beforeAll(async () => {
  server = createServer().listen(PATH);
  await once(server, 'listening');
});
afterAll(() => server.close());

/** A channel, its other end, and the events of the channel as promises. */
async function connect(received: (frame: Frame) => void = () => {}) {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  let channel!: Channel;
  const closed = new Promise<Error | undefined>((resolve) => {
    channel = new Channel(PATH, 'token', { received, closed: resolve });
  });
  const [peer] = await accepted;
  // It may be reset by the channel.
  peer.on('error', () => {});
  const [token] = (await once(peer, 'data')) as [Buffer];
  return { channel, peer, closed, token };
}

describe('the channel to a runner', () => {
  it('sends the token, and then frames', async () => {
    const { channel, peer, closed, token } = await connect();
    expect(token.toString()).toBe('token');
    const frame = encodeFrame([1, 2], [], 0);
    channel.send(frame);
    expect(await once(peer, 'data')).toEqual([frame]);
    channel.close();
    expect(await closed).toBeUndefined();
  });

  it('receives frames of all sizes', async () => {
    const sizes: number[] = [];
    let done!: () => void;
    const all = new Promise<void>((resolve) => (done = resolve));
    const { channel, peer } = await connect(({ numbers, body }) => {
      sizes.push(body.length);
      expect(body.every((byte) => byte === numbers[0])).toBe(true);
      if (sizes.length === 4) done();
    });
    for (const [index, size] of [8, 100_000, 5_000_000, 16].entries())
      peer.write(encodeFrame([index], [new Uint8Array(size).fill(index)], size));
    await all;
    expect(sizes).toEqual([8, 100_000, 5_000_000, 16]);
    channel.close();
  });

  it('closes when the other end does', async () => {
    const { peer, closed } = await connect();
    peer.destroy();
    expect(await closed).toBeUndefined();
  });

  it('closes when it receives what is no frame, or no message', async () => {
    const garbled = await connect();
    garbled.peer.write('{"type":"loaded"}\n');
    expect(await garbled.closed).toBeUndefined();
    const unexpected = await connect(() => {
      throw new MalformedFrame('nothing was asked');
    });
    unexpected.peer.write(encodeFrame([1], [], 0));
    expect(await unexpected.closed).toBeUndefined();
  });

  it('reports that it could not connect', async () => {
    const closed = new Promise<Error | undefined>((resolve) => {
      void new Channel(`${PATH}-nobody`, 'token', { received: () => {}, closed: resolve });
    });
    expect(await closed).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
