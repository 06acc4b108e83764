import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { runnerEnvironment } from '../../config/runner-environment';

/** An NVIDIA GPU. A value that the GPU does not report is undefined. */
export interface Gpu {
  readonly uuid: string;
  /** Share of time in which it ran a kernel, from 0 to 1. */
  readonly utilization: number | undefined;
  /** Memory in bytes. */
  readonly memoryUsed: number | undefined;
  readonly memoryTotal: number | undefined;
  /** Power in watts. */
  readonly power: number | undefined;
  readonly powerLimit: number | undefined;
  /** Energy in joules since the first reading. */
  readonly energy: number | undefined;
}

/** How long a reading is used, and how long none is tried after a failure. */
const FRESH_MS = 5_000;
const AFTER_FAILURE_MS = 300_000;

/** How long a scrape waits for a reading. Gateway processes have a second to report their metrics. */
const PATIENCE_MS = 500;

/** How long nvidia-smi may take, and when it counts as failed although it could not be killed. */
const TIMEOUT_S = 10;
const STUCK_MS = 15_000;

const QUERY = '--query-gpu=uuid,utilization.gpu,memory.used,memory.total,power.draw,power.limit';

/** Runs the command $0 for each line of stdin and then prints its exit code. Ends at once if there is no such command. */
const SCRIPT = `command -v "$0" >/dev/null || exit 0
while read -r _; do
  timeout -s KILL ${TIMEOUT_S} "$0" ${QUERY} --format=csv,noheader,nounits 2>&1
  echo "exit $?"
done`;

const BYTES_PER_MIB = 2 ** 20;

/**
 * Reads the NVIDIA GPUs of this machine with nvidia-smi. A shell runs it: to start a process from the gateway takes the event
 * loop 25 ms, because the gateway is large. So the reader starts the shell once, while nothing is served yet.
 */
export class GpuReader {
  private readonly logger = new Logger(GpuReader.name);
  private readonly shell: ChildProcessByStdio<Writable, Readable, null>;
  private gpus: readonly Gpu[] = [];
  /** When `gpus` were read, when nvidia-smi was last asked, and when to ask it again. */
  private readAt = 0;
  private askedAt = 0;
  private nextAt = 0;
  private isReading = false;
  private hasWarned = false;
  /** What a scrape waits for. */
  private turn: Promise<void> | undefined;
  private answered = () => {};

  /** @param command name or path of nvidia-smi. */
  constructor(command = 'nvidia-smi') {
    const shell = spawn('sh', ['-c', SCRIPT, command], {
      env: runnerEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.shell = shell;
    const gone = () => {
      this.isReading = false;
      this.gpus = [];
      this.nextAt = Infinity;
      this.answered();
    };
    shell.once('error', gone).once('exit', gone);
    // The shell has ended, which `exit` handles.
    shell.stdin.on('error', () => {});
    const lines: string[] = [];
    createInterface(shell.stdout).on('line', (line) => {
      const [, code] = /^exit (\d+)$/.exec(line) ?? [];
      if (code === undefined) lines.push(line);
      else this.answer(Number(code), lines.splice(0));
    });
    for (const handle of [shell, shell.stdin as Socket, shell.stdout as Socket]) handle.unref();
  }

  /**
   * The GPUs, from a reading at most 5 seconds old, or from the one before if nvidia-smi takes longer than 500 ms. Empty if
   * there is none, or the last reading failed. Never rejects.
   */
  async read(): Promise<readonly Gpu[]> {
    const now = performance.now();
    if (this.isReading) {
      if (now - this.askedAt > STUCK_MS) this.failed('it does not end');
    } else if (now >= this.nextAt) {
      this.isReading = true;
      this.askedAt = now;
      this.shell.stdin.write('\n');
      this.turn = new Promise((resolve) => {
        this.answered = resolve;
        setTimeout(resolve, PATIENCE_MS).unref();
      });
    }
    await this.turn;
    return this.gpus;
  }

  /** Ends the shell. */
  close(): void {
    this.shell.kill();
  }

  private answer(code: number, lines: readonly string[]): void {
    this.isReading = false;
    if (code === 0) this.succeeded(lines);
    else if (code === 137) this.failed(`it took longer than ${TIMEOUT_S} s`);
    else this.failed(`exit code ${code}, ${lines.join(' ')}`);
    this.answered();
  }

  private succeeded(lines: readonly string[]): void {
    const now = performance.now();
    const elapsedS = (now - this.readAt) / 1000;
    const before = new Map(this.gpus.map((gpu) => [gpu.uuid, gpu]));
    this.gpus = lines
      .map((line) => gpuOf(line))
      .map((gpu) => ({ ...gpu, energy: energyOf(gpu, before.get(gpu.uuid), elapsedS) }));
    this.readAt = now;
    this.nextAt = now + FRESH_MS;
    this.hasWarned = false;
  }

  private failed(reason: string): void {
    this.gpus = [];
    this.nextAt = performance.now() + AFTER_FAILURE_MS;
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(`nvidia-smi failed, so /metrics has no GPU metrics for 5 minutes: ${reason}`);
  }
}

/** Reads a line of nvidia-smi: memory is in MiB, utilization in percent, and what a GPU does not report is text in brackets. */
function gpuOf(line: string): Gpu {
  const [uuid = '', ...values] = line.split(',').map((value) => value.trim());
  const [percent, used, total, power, powerLimit] = values.map((value) => {
    const number = Number.parseFloat(value);
    return Number.isNaN(number) ? undefined : number;
  });
  return {
    uuid,
    utilization: percent === undefined ? undefined : percent / 100,
    memoryUsed: used === undefined ? undefined : used * BYTES_PER_MIB,
    memoryTotal: total === undefined ? undefined : total * BYTES_PER_MIB,
    power,
    powerLimit,
    energy: undefined,
  };
}

/** nvidia-smi reports no energy, so power is integrated over the time between two readings. */
function energyOf({ power }: Gpu, before: Gpu | undefined, elapsedS: number): number | undefined {
  if (power === undefined) return undefined;
  if (before?.energy === undefined || before.power === undefined) return 0;
  return before.energy + ((before.power + power) / 2) * elapsedS;
}
