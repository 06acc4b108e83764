/** One step of a pipeline: a model, and the names of its tensors in the pipeline. */
export interface PipelineStep {
  readonly model: string;
  /** Version of the model; the newest READY version if absent. */
  readonly version?: string;
  /** The pipeline tensor that each input of the model reads. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The pipeline tensor that each used output of the model produces. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Its name in messages, such as `step 2 ('digits')`. */
  readonly title: string;
  /** File and line of the step. */
  readonly where: string;
}

/** A model that is a graph of models. Each tensor has one name in the pipeline, whatever its name in the models. */
export interface PipelineDefinition {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly steps: readonly PipelineStep[];
  /** File and line of the definition. */
  readonly where: string;
}

/** The keys of model.yaml that define a pipeline, in the form of the schema. */
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

/** Names of the models in the steps of `pipeline`, each once; empty if there is no pipeline. */
export function partNames(pipeline: PipelineDefinition | undefined): readonly string[] {
  return [...new Set(pipeline?.steps.map(({ model }) => model))];
}
