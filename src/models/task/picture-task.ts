import { errors } from '../../common/errors';
import type { LoadedModel } from '../../runtime/messages';
import type { Job, JobResult } from '../../scheduling/job';
import type { PictureRecipe } from '../../tasks/picture-recipe';
import type { TaskDefinition } from '../../tasks/task-definition';
import type { Pictures } from '../../tasks/pictures/pictures';
import type { TaskInputName } from '../../tasks/task-tensors';
import { elementsOf } from '../../tensor/elements';
import { joinRows } from '../../tensor/rows';
import type { Tensor, TensorSpec } from '../../tensor/tensor';
import { requireClasses } from './classes';
import { requireCount, requireWanted, runRows, type TaskRow } from './rows';
import type { ServedTask, Submit, TaskSignature } from './served-task';

/** Name of the input for pictures. */
const IMAGE_INPUT: TaskInputName = 'image';

/** Maximum number of pictures in a request. Each takes up to 200 MiB while it is decoded. */
const MAX_PICTURES = 64;

/** Maximum number of shapes in a message. */
const MAX_SHOWN = 3;

/** Serves a model of pictures: decodes and resizes pictures, runs each as a row, and joins the results. */
export class PictureTask implements ServedTask {
  readonly signature: TaskSignature;
  private readonly input: TensorSpec;

  /** @throws Error if the model does not take exactly one input of FP32 with four dimensions. */
  constructor(
    definition: TaskDefinition,
    private readonly recipe: PictureRecipe,
    private readonly pictures: Pictures,
    { inputs, outputs, extraOutputs }: LoadedModel,
  ) {
    const [input] = inputs;
    const isFitting = inputs.length === 1 && input!.datatype === 'FP32' && input!.shape.length === 4;
    if (!isFitting || (definition.pictureInput ?? input!.name) !== input!.name)
      throw new Error(
        `expected one input ${definition.pictureInput ?? ''} of pictures, FP32 [-1,channels,height,width], got ${inputs.map(({ name, datatype, shape }) => `'${name}' (${datatype} [${shape.join(',')}])`).join(', ')}`,
      );
    requireClasses(definition, outputs);
    this.input = input!;
    this.signature = {
      inputs: [{ name: IMAGE_INPUT, datatype: 'BYTES', shape: [-1], content: 'picture' }],
      // A tensor of the same name could not be told from pictures.
      tensorInputs: inputs.filter(({ name }) => name !== IMAGE_INPUT),
      outputs,
      outputNames: outputs.map(({ name }) => name),
      extraOutputs,
      task: definition,
    };
  }

  async run(job: Job, submit: Submit): Promise<JobResult> {
    requireCount(job, IMAGE_INPUT, 'picture', MAX_PICTURES);
    const { outputs, times } = await runRows(job, this.rowsOf(job), job.outputs, submit);
    const joined = job.outputs.map((_, index) => joinOutputs(outputs.map((row) => row[index]!)));
    return { outputs: joined, ...times };
  }

  private async *rowsOf(job: Job): AsyncGenerator<TaskRow> {
    const { name, datatype } = this.input;
    const encoded = elementsOf(job.inputs[0]!.data);
    const isUnwanted = () => {
      requireWanted(job);
      return false;
    };
    for (const { shape, data } of await this.pictures.prepare(encoded, this.recipe, isUnwanted)) {
      this.requireFit([1, ...shape]);
      const input = { name, datatype, shape: [1, ...shape], data };
      yield { inputs: [input], byteLength: data.byteLength, shapeKey: shape.join() };
    }
  }

  private requireFit(shape: readonly number[]): void {
    const { shape: expected } = this.input;
    if (expected.every((size, axis) => axis === 0 || size < 0 || size === shape[axis])) return;
    throw errors.invalidInput(
      `input '${IMAGE_INPUT}': the model takes [${expected.join(',')}], but the picture became [${shape.join(',')}]; set its size in preprocessor_config.json or model.yaml`,
      `inputs.${IMAGE_INPUT}`,
    );
  }
}

/**
 * Joins an output of several pictures, one row each.
 * @throws NexusError invalid_input if the outputs of the pictures are not rows of one shape.
 */
function joinOutputs(rows: readonly Tensor[]): Tensor {
  const [first] = rows as [Tensor];
  const isRow = ({ shape }: Tensor) => shape[0] === 1 && shape.join() === first.shape.join();
  if (rows.length === 1 || rows.every(isRow)) return joinRows(rows);
  const shapes = [...new Set(rows.map(({ shape }) => `[${shape.join(',')}]`))].slice(0, MAX_SHOWN);
  throw errors.invalidInput(
    `input '${IMAGE_INPUT}': output '${first.name}' does not have one row of the same shape for each picture, but ${shapes.join(', ')}; send one picture per request`,
    `inputs.${IMAGE_INPUT}`,
  );
}
