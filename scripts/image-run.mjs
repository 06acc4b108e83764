import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

// Runs an image as Kubernetes does with restricted rights, without a container engine: unshare and nsenter, as root.

/**
 * Mounts what a container has, and becomes process 1 of the image: as its user, without capabilities, with a read-only root file
 * system, and with its own process table. It shares the network of the machine.
 */
const SETUP = `
set -e
root=$1 models=$2 folder=$3 user=\${4%:*} group=\${4#*:}
shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir --parents "$root/proc" "$root/dev" "$root/tmp" "$root/mnt/models"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o size=256m,mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o size=16m,mode=1777 tmpfs "$root/tmp"
mount --bind "$models" "$root/mnt/models"
mount -o remount,bind,ro "$root/mnt/models"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --clear-groups \
  unshare --root="$root" --wd="$folder" --setgid="$group" --setuid="$user" "$@"
`;

/** A container of an image. `output` is what it has printed; `ended` resolves to its exit code, or to the name of a signal. */
export class Container {
  #image;
  #env;
  #unshare;
  output = '';

  /**
   * Starts the entry point of the image.
   * @param image its configuration, as the OCI specification names the fields
   * @param root its mounted file system, writable, not shared with another container
   * @param models a folder, mounted read-only as /mnt/models
   * @param args replace those of the image
   * @param settings more variables of the environment
   */
  constructor(image, root, models, args = image.Cmd, settings = {}) {
    const variables = Object.fromEntries(image.Env.map((line) => /^([^=]+)=(.*)$/s.exec(line).slice(1)));
    this.#image = image;
    this.#env = { ...variables, ...settings };
    const program = [...(image.Entrypoint ?? []), ...args];
    this.#unshare = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', '/bin/bash', '-c', SETUP, 'setup'].concat(
        [root, models, image.WorkingDir, image.User],
        program,
      ),
      { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#unshare.stdout, this.#unshare.stderr])
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    this.ended = new Promise((resolve) =>
      this.#unshare.on('close', (code, signal) => resolve(code ?? signal)),
    );
  }

  /** Runs JavaScript in the container, and returns what it prints. */
  evaluate(script) {
    return this.run(['node', '-p', script]);
  }

  /** Runs a program in the container, as its user and with its environment, and returns what it prints. Throws if it fails. */
  run(program) {
    const [user, group] = this.#image.User.split(':');
    const enter = ['--target', this.#processOne(), '--mount', '--pid', '--root', '--wd'];
    const as = ['--setuid', user, '--setgid', group];
    const options = { encoding: 'utf8', env: this.#env };
    return execFileSync('nsenter', [...enter, ...as, ...program], options).trimEnd();
  }

  /** Sends a signal to process 1. */
  kill(signal) {
    process.kill(Number(this.#processOne()), signal);
  }

  /** Ends the container at once, if it still runs. */
  destroy() {
    if (this.#unshare.exitCode !== null || this.#unshare.signalCode !== null) return;
    // Not left to --kill-child: the system forgets that signal when process 1 changes its user.
    const processOne = Number(this.#processOne());
    if (processOne > 0) process.kill(processOne, 'SIGKILL');
    this.#unshare.kill('SIGKILL');
  }

  /** The number that process 1 of the container has on the machine. */
  #processOne() {
    const { pid } = this.#unshare;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  }
}
