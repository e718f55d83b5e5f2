#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns templates/*/*.txt into a C array: embed_texts.py ARRAY OUT.c IN.txt..."""
import pathlib
import sys


def main():
    name, out, files = sys.argv[1], sys.argv[2], [pathlib.Path(f) for f in sys.argv[3:]]
    text = '/* Made by embed_texts.py. */\n#include "desk/texts_built_in.h"\n\n'
    text += f"const struct built_in_text {name}[] = {{\n"
    for f in files:
        data = f.read_bytes() + b"\0"
        if data.count(0) != 1:
            sys.exit(f"embed_texts.py: {f}: a NUL byte")
        data.decode("utf-8")
        text += f'    {{"{f.stem}", (const char[]){{\n'
        for i in range(0, len(data), 20):
            text += "        " + "".join(f"(char){b}," for b in data[i : i + 20]) + "\n"
        text += "    }},\n"
    text += f"}};\nconst int {name}_count = sizeof {name} / sizeof {name}[0];\n"
    pathlib.Path(out).write_text(text)


main()
