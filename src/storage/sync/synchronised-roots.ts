import type { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { isUrl } from '../../config/model-repository';
import { Mirror } from './mirror';
import { SyncThreads } from './sync-thread';

/** How often `show` is called. */
const SHOW_EVERY_MS = 200;

/**
 * Synchronises the repositories at URLs once. Returns the folders and files that all repositories of `config` are served from.
 * @param show receives the progress, for people.
 * @throws ConfigError if a repository cannot be synchronised.
 */
export async function synchronisedRoots(
  config: Config,
  show: (text: string) => void,
): Promise<readonly string[]> {
  const threads = new SyncThreads(1);
  const roots: string[] = [];
  try {
    for (const entry of config.modelRepository) {
      const mirror = isUrl(entry) ? new Mirror(entry, config, threads, () => []) : undefined;
      if (mirror !== undefined) await synchronise(mirror, show);
      roots.push(mirror?.root ?? entry);
    }
    return roots;
  } finally {
    await threads.onApplicationShutdown();
  }
}

async function synchronise(mirror: Mirror, show: (text: string) => void): Promise<void> {
  const report = () => show(`downloading ${mirror.url} ${mirror.shownProgress}`.trimEnd());
  report();
  const timer = setInterval(report, SHOW_EVERY_MS);
  try {
    const { fault } = await mirror.synchronise();
    if (fault !== undefined) throw new ConfigError([`NEXUS_MODEL_REPOSITORY: ${fault.message}`]);
  } finally {
    clearInterval(timer);
  }
}
