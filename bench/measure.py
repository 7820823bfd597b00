"""Runs a program to its end and says what it took. Used by compare/data.py and data_scale.py."""
import os
import pathlib
import subprocess
import tempfile
import time


def anonymous_mb(pid):
    """Anonymous memory of a running process in MB; 0 once it is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def run(command, folder=None, environment=None, out=None):
    """dict(seconds, cpu_seconds, peak_mb, own_mb, output). peak_mb counts mapped files too, own_mb (looked at five
    times a second) does not. `out`: a file for standard output. Ends the script where the program fails."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env={**os.environ, **(environment or {})},
                                 stdin=subprocess.DEVNULL, stdout=out or log, stderr=log)
        own, pid, looked = 0, 0, began
        while pid == 0:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            now = time.perf_counter()
            if pid == 0:
                if now - looked > 0.2:
                    own, looked = max(own, anonymous_mb(child.pid)), now
                time.sleep(0.005)
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with status {child.returncode}: {said[-2000:]}")
    return dict(seconds=now - began, cpu_seconds=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / 1024,
                own_mb=own, output=said)


def write_corpus(text, path, size):
    """Repeats the lines of `text` up to `size` bytes, each behind its number, so that no two are the same. Bytes."""
    lines = [line for line in text.read_bytes().split(b"\n") if line]
    block = b"".join(b".%d %s\n" % pair for pair in enumerate(lines, 1))
    written = turn = 0
    with open(path, "wb") as file:
        while written < size:
            turn += 1
            number = b"%d" % turn
            piece = number + block.replace(b"\n", b"\n" + number)[:-len(number)]
            if written + len(piece) > size:
                piece = piece[:piece.rfind(b"\n", 0, max(size - written, piece.find(b"\n") + 1)) + 1]
                size = written + len(piece)
            written += file.write(piece)
    return written
