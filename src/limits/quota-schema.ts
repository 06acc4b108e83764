import { QUOTA_NAMES } from './quota';

/** The JSON schema of the limits of a key, tenant or model; see QuotaSettings. */
export const QUOTAS_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    QUOTA_NAMES.map((name) => [
      name,
      { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const,
    ]),
  ),
} as const;
