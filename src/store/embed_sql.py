#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the numbered files of src/store/sql into a C array: embed_sql.py OUT.c IN.sql..."""
import pathlib
import re
import sys


def main():
    out, files = sys.argv[1], [pathlib.Path(f) for f in sys.argv[2:]]
    text = '/* Made by embed_sql.py from src/store/sql. */\n#include "store/migrate.h"\n\n'
    text += "const struct migration migrations[] = {\n"
    for nth, f in enumerate(files, 1):
        if not re.fullmatch(r"\d{4}\.sql", f.name) or int(f.stem) != nth:
            sys.exit(f"embed_sql.py: {f}: expected {nth:04}.sql, numbers have no gaps")
        text += f"    {{{nth}, (const char[]){{\n"
        data = f.read_bytes() + b"\0"
        if data.count(0) != 1 or not data.isascii():
            sys.exit(f"embed_sql.py: {f}: a NUL byte or something outside ASCII")
        for i in range(0, len(data), 20):
            text += "        " + "".join(f"{b}," for b in data[i : i + 20]) + "\n"
        text += "    }},\n"
    text += "};\n"
    text += "const int migrations_count = sizeof migrations / sizeof migrations[0];\n"
    pathlib.Path(out).write_text(text)


main()
