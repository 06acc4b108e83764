import { ModelTraffic } from './rollout.dto';
import { VersionDetails } from './version-details.dto';

/** A model in the format of the OpenAI API. */
export class ModelEntry {
  /** @example digits */
  id: string;
  object: 'model';
  /**
   * Unix time in seconds at which the newest ready version was loaded. If no version is ready, the modification time of
   * the model file, or 0 if there is no file.
   * @example 1767225600
   */
  created: number;
  /** @example nexus */
  owned_by: string;
}

/** The models that are ready. */
export class ModelEntryList {
  object: 'list';
  /** The models, sorted by id. */
  data: ModelEntry[];
  /**
   * The same models by name. Clients of KServe's V1 protocol read this field.
   * @example ["digits"]
   */
  models: string[];
}

/** How the responses of a model are cached. */
export class CacheDetails {
  /**
   * How long a response is cached, in seconds.
   * @example 60
   */
  ttl_s: number;
  /** Who receives a cached response: only the client that it was computed for, or all clients that send the same request. */
  scope: 'caller' | 'all';
}

/** Everything that Nexus knows about a model. */
export class ModelDetails extends ModelEntry {
  /**
   * The same as `id`. Clients of KServe's V1 protocol read this field.
   * @example digits
   */
  name: string;
  /** Whether at least one version is ready. */
  ready: boolean;
  /** @example Recognises a handwritten digit in an image of 8x8 pixels. */
  description?: string;
  /** Whether the server is ready only if this model is ready. */
  required: boolean;
  /**
   * The version that each alias points to.
   * @example {"stable": "1"}
   */
  aliases: Record<string, string>;
  /** How requests without a version are distributed. Absent if the newest ready version receives all of them. */
  traffic?: ModelTraffic;
  /** Absent if responses are not cached. */
  cache?: CacheDetails;
  /** The versions, oldest first. */
  versions: VersionDetails[];
}
