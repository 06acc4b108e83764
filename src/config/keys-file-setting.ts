/**
 * The keys file that the environment names, the setting `keysFile`; empty if none. The command `keys` needs no other
 * setting, and starts in half the time without their checks.
 */
export function keysFileIn(env: NodeJS.ProcessEnv = process.env): string {
  return env['NEXUS_KEYS_FILE'] ?? '';
}
