import { MINIMUM_NODE } from './common/version';

/*
 * Refuses a Node that is too old. Import this before anything else: other modules use features of the required version when
 * they are loaded, and would fail with an error that does not explain it.
 */
const { node } = process.versions;
if (Number.parseInt(node, 10) < MINIMUM_NODE) {
  process.stderr.write(
    `nexus: expected Node ${MINIMUM_NODE} or later, got ${node}; install it, or put it before the command: npx -p node@${MINIMUM_NODE} -p nexus-ai-gateway nexus\n`,
  );
  process.exit(1);
}
