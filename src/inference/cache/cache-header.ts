/** Header of an answer of a model with a cache, and metadata over gRPC: `hit` or `miss`. */
export const CACHE_HEADER = 'x-cache';
