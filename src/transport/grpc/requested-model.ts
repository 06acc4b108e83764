/** The model that a request names, and the version if it names one. */
export interface RequestedModel {
  readonly model: string;
  readonly version?: string | undefined;
}

/** The model that `message` names, if any. Messages with tensors are not decoded yet. */
export function modelIn(message: object): RequestedModel | undefined {
  const { name, model_name, version, model_version } = message as Readonly<Record<string, string>>;
  const model = model_name ?? name;
  return model === undefined ? undefined : { model, version: model_version ?? version };
}
