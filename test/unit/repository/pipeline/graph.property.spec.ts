import fc from 'fast-check';
import { ModelSettingsError } from '../../../../src/repository/model-settings';
import type { PipelineDefinition, PipelineStep } from '../../../../src/repository/pipeline-definition';
import { demandOf, orderOf } from '../../../../src/repository/pipeline/graph';

const byName = (names: readonly string[]) =>
  Object.fromEntries(names.map((name, index) => [`${index}`, name]));

function step(index: number, reads: readonly string[], gives: readonly string[]): PipelineStep {
  const [inputs, outputs] = [byName(reads), byName(gives)];
  return { model: 'm', inputs, outputs, title: `step ${index}`, where: `file:${index}` };
}

const OUTPUTS_OF_A_STEP = 2;

/** Steps that read the input `x` or what earlier ones give, mixed up, and some of their tensors as outputs. */
const pipelines = fc
  .array(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .chain((choices) => {
    const steps = choices.map((numbers, index) => {
      const known = ['x', ...Array.from({ length: index * OUTPUTS_OF_A_STEP }, (_, tensor) => `t${tensor}`)];
      // The first step reads the input, so that somebody does.
      const reads = index === 0 ? ['x'] : numbers.map((number) => known[number % known.length]!);
      return step(index, reads, [`t${2 * index}`, `t${2 * index + 1}`]);
    });
    const tensors = steps.flatMap(({ outputs }) => Object.values(outputs));
    return fc.record({
      inputs: fc.constant<readonly string[]>(['x']),
      outputs: fc.uniqueArray(fc.constantFrom(...tensors), { minLength: 1 }),
      steps: fc.shuffledSubarray(steps, { minLength: steps.length }),
      where: fc.constant('file:1'),
    });
  });

it('the order has every step once, after those that it reads from', () => {
  fc.assert(
    fc.property(pipelines, (pipeline) => {
      const order = orderOf(pipeline);
      expect(new Set(order)).toEqual(new Set(pipeline.steps));
      expect(order).toHaveLength(pipeline.steps.length);
      const there = new Set(pipeline.inputs);
      for (const { inputs, outputs } of order) {
        for (const name of Object.values(inputs)) expect(there).toContain(name);
        for (const name of Object.values(outputs)) there.add(name);
      }
    }),
  );
});

it('a tensor is there for each of its readers, and for nobody after them; only the outputs are left', () => {
  fc.assert(
    fc.property(pipelines, (pipeline) => {
      const { steps, readers } = demandOf(orderOf(pipeline), pipeline.outputs);
      const left = new Map(readers);
      const there = new Set(pipeline.inputs.filter((name) => readers.has(name)));
      for (const { inputs, outputs } of steps) {
        for (const name of Object.values(inputs)) {
          expect(there).toContain(name);
          left.set(name, left.get(name)! - 1);
          if (left.get(name) === 0) there.delete(name);
        }
        const wanted = Object.values(outputs).filter((name) => readers.has(name));
        expect(wanted).not.toEqual([]);
        for (const name of wanted) there.add(name);
      }
      expect(there).toEqual(new Set(pipeline.outputs));
    }),
  );
});

it('no step runs that no output needs', () => {
  fc.assert(
    fc.property(pipelines, (pipeline) => {
      const order = orderOf(pipeline);
      const { steps } = demandOf(order, pipeline.outputs);
      for (const spared of order.filter((one) => !steps.includes(one)))
        for (const name of Object.values(spared.outputs)) {
          expect(pipeline.outputs).not.toContain(name);
          for (const { inputs } of steps) expect(Object.values(inputs)).not.toContain(name);
        }
    }),
  );
});

it('a cycle is refused with the names of its steps', () => {
  fc.assert(
    fc.property(pipelines, fc.nat(), (pipeline, number) => {
      const order = orderOf(pipeline);
      const last = order[number % order.length]!;
      // The step that is first now reads what a later one gives, and so does everything in between.
      const chained = order.slice(0, order.indexOf(last) + 1).map((one, index, all) => {
        const before = all.at(index - 1)!;
        return { ...one, inputs: { ...one.inputs, back: Object.values(before.outputs)[0]! } };
      });
      const steps = [...chained, ...order.slice(chained.length)];
      expect(() => orderOf({ ...pipeline, steps })).toThrow(ModelSettingsError);
      expect(() => orderOf({ ...pipeline, steps })).toThrow(
        /file:\d+: step \d+(, step \d+)* reads?.* (cycle|its own output)/,
      );
    }),
  );
});

const refused: [string, Partial<PipelineDefinition>, RegExp][] = [
  [
    'an output that is given twice',
    { steps: [step(1, ['x'], ['y']), step(2, ['x'], ['y'])] },
    /^file:2: step 2 produces 'y', which is already an output of step 1; rename it$/,
  ],
  [
    'an input that a step gives',
    { steps: [step(1, ['x'], ['x'])] },
    /^file:1: step 1 produces 'x', which is already an input; rename it$/,
  ],
  [
    'a tensor that nothing gives',
    { steps: [step(1, ['x', 'z'], ['y'])] },
    /^file:1: step 1 reads 'z', which is neither an input nor an output of a step; use one of 'x', 'y'$/,
  ],
  [
    'an output that no step gives',
    { outputs: ['x'] },
    /^file:9: no step produces the output 'x'; the tensors are 'x', 'y'$/,
  ],
  ['an input that no step reads', { inputs: ['x', 'w'] }, /^file:9: no step reads the input 'w'; remove it$/],
];

it.each(refused)('%s is refused', (_what, change, message) => {
  const pipeline = { inputs: ['x'], outputs: ['y'], steps: [step(1, ['x'], ['y'])], where: 'file:9' };
  expect(() => orderOf({ ...pipeline, ...change })).toThrow(message);
});
