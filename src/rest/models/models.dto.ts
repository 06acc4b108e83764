import { ModelTraffic } from './rollout.dto';
import { VersionDetails } from './version-details.dto';

/** A model, in the words of OpenAI's API. */
export class ModelEntry {
  /** @example digits */
  id: string;
  object: 'model';
  /**
   * Seconds since 1970: when its newest version that is ready was loaded; when none is, when the model file was
   * written, and 0 without a file.
   * @example 1767225600
   */
  created: number;
  /** @example nexus */
  owned_by: string;
}

/** The models that can be called. */
export class ModelEntryList {
  object: 'list';
  /** By id. */
  data: ModelEntry[];
}

/** How the answers of a model are cached. */
export class CacheDetails {
  /**
   * How long an answer is given again, in seconds.
   * @example 60
   */
  ttl_s: number;
  /** Who is given it: only the caller that it was computed for, or whoever sends the same request. */
  scope: 'caller' | 'all';
}

/** All that is known of a model. */
export class ModelDetails extends ModelEntry {
  /**
   * The id again, which is what clients of KServe's V1 protocol read.
   * @example digits
   */
  name: string;
  /** Whether a version of it is ready. */
  ready: boolean;
  /** @example Recognises a handwritten digit in an image of 8x8 pixels. */
  description?: string;
  /** Whether the server is not ready without this model. */
  required: boolean;
  /**
   * Version by alias.
   * @example {"stable": "1"}
   */
  aliases: Record<string, string>;
  /** How requests that name no version are shared out; absent when the newest version that is ready gets all. */
  traffic?: ModelTraffic;
  /** Absent when answers are not cached. */
  cache?: CacheDetails;
  /** Oldest first. */
  versions: VersionDetails[];
}
