import { readdirSync } from 'node:fs';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf, residentBytes } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const MANY = 300;
const WARM_UP = 20;
const CYCLES = 100;
/** A leak of 100 kB a cycle would take 10 MB. */
const ALLOWED_GROWTH = 8 * 2 ** 20;

/** With room to spare, V8 would let its heap grow for a while before it collects garbage. */
const SMALL_HEAP = '--max-semi-space-size=4 --max-old-space-size=96';

const descriptorsOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

const repositoryOfMany = new Repository();
for (let index = 0; index < MANY; index++) repositoryOfMany.model(`m${index}`, affine());
let many: Gateway;
const settings = { NEXUS_LOAD: 'on_demand', NODE_OPTIONS: SMALL_HEAP };
beforeAll(async () => void (many = await Gateway.start(repositoryOfMany, settings)));
afterAll(() => tearDown(many, repositoryOfMany));

describe('many models', () => {
  it('cost no process and little memory until they are used', async () => {
    expect((await many.send('/v2/health/ready')).status).toBe(200);
    expect(allRunnersOf(many.pid)).toEqual([]);
    expect(residentBytes(many.pid)).toBeLessThan(300 * 2 ** 20);
    expect((await many.infer('m7', x)).status).toBe(200);
    expect(allRunnersOf(many.pid)).toEqual(many.runners('m7/1'));
  });
});

describe('100 loads and as many unloads', () => {
  it('leave memory, processes and descriptors where they were', async () => {
    const repository = new Repository().model('a', affine()).model('b', affine());
    const gateway = await Gateway.start(repository, {
      NEXUS_LOAD: 'on_demand',
      // Less than two runners take, and more than one does.
      NEXUS_MEMORY_BUDGET: await sizeOfOneAndAHalf(),
      NEXUS_LOG_LEVEL: 'warn',
      NODE_OPTIONS: SMALL_HEAP,
    });
    const alternate = async (times: number) => {
      for (let time = 0; time < times; time++)
        expect((await gateway.infer('ab'[time % 2]!, x)).status).toBe(200);
    };
    try {
      await alternate(WARM_UP);
      const [descriptors, memory] = [descriptorsOf(gateway.pid), residentBytes(gateway.pid)];
      await alternate(CYCLES);
      expect(await gateway.metric('nexus_model_loads_total{model="b",version="1"}')).toBe(
        (WARM_UP + CYCLES) / 2,
      );
      expect(allRunnersOf(gateway.pid)).toEqual(gateway.runners('b/1'));
      expect(descriptorsOf(gateway.pid)).toBeLessThanOrEqual(descriptors);
      expect(residentBytes(gateway.pid) - memory).toBeLessThan(ALLOWED_GROWTH);
    } finally {
      await gateway.stop();
      repository.remove();
    }
  });
});

/** Bytes of memory that one of the many models takes, and half of another. */
async function sizeOfOneAndAHalf(): Promise<string> {
  await many.infer('m7', x);
  const [pid] = many.runners('m7/1');
  return String(Math.round(1.5 * residentBytes(pid!)));
}
