/**
 * Permissions of a client. `infer` runs models. `read` reads statistics, metrics, usage and the documentation. `admin` changes
 * the server: models, aliases, traffic, shared memory, log and trace settings.
 */
export const SCOPES = ['infer', 'read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];
