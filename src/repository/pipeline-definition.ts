/** One step of a pipeline: a model, and how its tensors are called in the pipeline. */
export interface PipelineStep {
  readonly model: string;
  /** Version of the model; its newest that is READY when absent. */
  readonly version?: string;
  /** The tensor of the pipeline that each input of the model is. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The tensor of the pipeline that an output of the model is. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What it is called in messages, such as `step 2 ('digits')`. */
  readonly title: string;
  /** File and line that it stands in. */
  readonly where: string;
}

/** A model that is a graph of models. A tensor of it has one name, whatever the models call it. */
export interface PipelineDefinition {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly steps: readonly PipelineStep[];
  /** File and line that it stands in. */
  readonly where: string;
}

/** What model.yaml says of a pipeline, in the form that the schema asks for. */
export interface WrittenPipeline {
  readonly kind?: 'pipeline';
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly steps?: readonly WrittenStep[];
}

interface WrittenStep {
  readonly model: string;
  readonly version?: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The models that run the steps of `pipeline`, each once; none where there is none. */
export function partNames(pipeline: PipelineDefinition | undefined): readonly string[] {
  return [...new Set(pipeline?.steps.map(({ model }) => model))];
}
