"""Tables of code points as C++ includes: what the scripts make_…_table.py share."""


def print_table(values, made_by, entry):
    """Prints an .inc file: two lines of comment, then an entry for each range of code points with one value.

    values: the value of every code point, below 256. made_by: script and source. entry: what the low byte of an entry is.
    """
    entries, before = [], None
    for c, value in enumerate(values):
        if value != before:
            entries.append(f"0x{c << 8 | value:X}")
            before = value
    print(f"// Made by {made_by}: do not edit.")
    print(f"// Each entry starts a range: code point << 8 | {entry}.")
    line = ""
    for text in entries:
        if len(line) + len(text) + 2 > 119:
            print(line.rstrip())
            line = ""
        line += text + ", "
    print(line.rstrip())
