#!/usr/bin/env python3
"""Lines of every plugin: its mathematics or rules (all sources but plugin.cpp), plugin.cpp, its own tests, its longest file.

    python3 scripts/lines.py              # a table
    python3 scripts/lines.py --over 200   # after it, the files that have more lines

Comments and empty lines count. Needs nothing but Python 3.
"""
import argparse
import statistics
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
SOURCES = {".h", ".hpp", ".c", ".cpp"}


def lines(file):
    return file.read_bytes().count(b"\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--over", type=int, default=200, help="name files that have more lines than this")
    over = parser.parse_args().over
    print("| plugin | model | plugin.cpp | tests | longest file |\n| --- | ---: | ---: | ---: | --- |")
    files, wholes = {}, {}
    for folder in sorted(p.parent for p in PLUGINS.glob("*/*/CMakeLists.txt")):
        sources = {file: lines(file) for file in sorted(folder.rglob("*")) if file.suffix in SOURCES}
        tests = sum(n for file, n in sources.items() if "tests" in file.relative_to(folder).parts)
        sources = {file: n for file, n in sources.items() if "tests" not in file.relative_to(folder).parts}
        entry = sum(n for file, n in sources.items() if file.stem == "plugin")
        name = str(folder.relative_to(PLUGINS))
        longest = max(sources, key=sources.get)
        wholes[name] = sum(sources.values()) - entry
        files |= sources
        print(f"| {name} | {wholes[name]} | {entry} | {tests} | {longest.relative_to(folder)}, {sources[longest]} |")
    of_models = [n for name, n in wholes.items() if not name.startswith(("segmenters", "renderers"))]
    print(f"\nmodels: {len(of_models)} plugins of {min(of_models)} to {max(of_models)} lines, median "
          f"{statistics.median(of_models):g}; a file has at most {max(files.values())}")
    for file, n in sorted(files.items(), key=lambda entry: -entry[1]):
        if n > over:
            print(f"{n:5} {file.relative_to(PLUGINS)}")


if __name__ == "__main__":
    main()
