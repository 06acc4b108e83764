import { errors } from '../../../../src/common/errors';
import { Attempt } from '../../../../src/remote/attempt';
import { openGrpc } from '../../../../src/remote/grpc/grpc-connection';
import { LONG } from '../loopback';
import { grpcTarget, ScriptedServer } from './scripted-server';

const SIZE = 100_000;
const Y = { name: 'y', datatype: 'UINT8', shape: [SIZE] };
const INFER = { inputs: [], outputs: ['y'], priority: 0 };

it('charges a response when it has arrived, and rejects with the error of a charge that does not fit', async () => {
  const server = await ScriptedServer.start({
    ModelMetadata: () => ({ name: 'm', platform: '', inputs: [], outputs: [{ ...Y, shape: [-1] }] }),
    ModelInfer: () => ({ outputs: [Y], raw_output_contents: [Buffer.alloc(SIZE)] }),
  });
  const connection = openGrpc(grpcTarget(server.port), LONG, 2 * SIZE);
  try {
    let held = 0;
    const attemptUpTo = (limit: number) =>
      new Attempt(performance.now() + 60_000, (bytes) => {
        if (held + bytes > limit) throw errors.memoryBusy(limit);
        held += bytes;
      });
    const first = attemptUpTo(2 * SIZE);
    expect(await connection.infer(INFER, first)).toHaveLength(1);
    expect(held).toBeGreaterThanOrEqual(SIZE);
    first.hold(0);
    expect(held).toBe(0);
    const second = connection.infer(INFER, attemptUpTo(SIZE / 2));
    await expect(second).rejects.toMatchObject({ code: 'memory_busy' });
    // The connection serves the next request.
    expect(await connection.infer(INFER, attemptUpTo(2 * SIZE))).toHaveLength(1);
  } finally {
    await connection.close();
    server.stop();
  }
});
