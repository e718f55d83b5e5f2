# SPDX-License-Identifier: Apache-2.0
"""A small library in C with a real build, three release lines and a flaw: a name that is too long is
copied.  On the older lines the function was written anew, so the fix of today does not fit there."""
from repository import Repository

HEADER = """#ifndef NAME_H
#define NAME_H
#include <stddef.h>

struct name {
    char bytes[64];
    size_t n;
};

/* A name ends at its first dot; 0, or -1. */
int name_parse(const char *text, struct name *ret);
int name_same(const struct name *a, const struct name *b);
#endif
"""

HEAD = """#include "name.h"

#include <string.h>

int name_same(const struct name *a, const struct name *b)
{
    return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

"""

FLAWED = HEAD + """int name_parse(const char *text, struct name *ret)
{
    size_t n = strcspn(text, ".");

    memcpy(ret->bytes, text, n);
    ret->bytes[n] = '\\0';
    ret->n = n;
    return 0;
}
"""

FIXED = FLAWED.replace("""    memcpy(ret->bytes, text, n);
""", """    if (n >= sizeof ret->bytes)
        return -1;
    memcpy(ret->bytes, text, n);
""")

# How the older lines do it, and what their fix has to be.
LOOP = HEAD + """int name_parse(const char *text, struct name *ret)
{
    ret->n = 0;
    while (*text && *text != '.')
        ret->bytes[ret->n++] = *text++;
    ret->bytes[ret->n] = '\\0';
    return 0;
}
"""

LOOP_FIXED = LOOP.replace("""        ret->bytes[ret->n++] = *text++;
""", """        if (ret->n + 1 == sizeof ret->bytes)
            return -1;
        else
            ret->bytes[ret->n++] = *text++;
""")

MAKEFILE = """CC = cc
check:
\t@mkdir -p out; bad=0; n=0; \\
\tfor t in tests/*.c; do \\
\t  n=$$((n+1)); b=$$(basename $$t .c); \\
\t  if $(CC) -O1 -Isrc -o out/$$b $$t src/name.c && ./out/$$b; then echo "ok $$n - $$b"; \\
\t  else echo "not ok $$n - $$b"; bad=1; fi; \\
\tdone; echo "1..$$n"; exit $$bad
"""

SHORT = """#include "name.h"
#include <string.h>

int main(void)
{
    struct name n;
    return name_parse("mail.example", &n) != 0 || n.n != 4 || strcmp(n.bytes, "mail") != 0;
}
"""

SAME = """#include "name.h"

int main(void)
{
    struct name a, b;
    return name_parse("mail.example", &a) || name_parse("mail.test", &b) || !name_same(&a, &b);
}
"""

LONG = """#include "name.h"
#include <string.h>

/* Room enough that even a flawed copy breaks nothing of this test. */
static union {
    struct name n;
    char room[4096];
} u;

int main(void)
{
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\\0';
    return name_parse(text, &u.n) == 0;
}
"""

MESSAGE = """name: refuse names that do not fit

A crafted name of 64 letters or more overflows the buffer, see CVE-2026-4242.
The length is checked before anything is copied.
"""


class Library(Repository):
    """master has the fix, `fix`; lines() are those that want it, newest first."""

    def __init__(self, folder):
        super().__init__(folder)
        self.write("src/name.h", HEADER)
        self.write("src/name.c", FLAWED)
        self.write("Makefile", MAKEFILE)
        self.write("tests/short.c", SHORT)
        self.write("VERSION", "1.0\n")
        self.commit("Begin")
        self.git("branch", "old")
        self.write("tests/same.c", SAME)
        self.commit("tests: two names are the same")
        self.write("VERSION", "3.0\n")
        self.commit("Release 3.0")
        self.git("tag", "v3.0")
        self.git("branch", "release-3")
        self.git("checkout", "-q", "old")
        self.write("src/name.c", LOOP)
        self.commit("name: copy letter by letter")
        self.git("checkout", "-q", "-b", "release-1")
        self.write("VERSION", "1.1\n")
        self.commit("Release 1.1")
        self.git("tag", "v1.1")
        self.git("checkout", "-q", "-b", "release-2", "old")
        self.write("VERSION", "2.0\n")
        self.write("tests/same.c", SAME)
        self.commit("Release 2.0")
        self.git("tag", "v2.0")
        self.git("checkout", "-q", "release-3")
        self.write("VERSION", "3.1\n")
        self.commit("Release 3.1")
        self.git("tag", "v3.1")
        self.git("checkout", "-q", "master")
        self.write("VERSION", "4.0-dev\n")
        self.commit("Begin 4.0")
        self.write("src/name.c", FIXED)
        self.write("tests/long.c", LONG)
        self.fix = self.commit(MESSAGE)

    @staticmethod
    def lines():
        return ["release-3", "release-2", "release-1"]

    def patch(self, folder):
        """The fix for release-2 as a person makes it: a file of git format-patch."""
        self.git("worktree", "add", "-q", "--detach", str(folder), "release-2")
        (folder / "src/name.c").write_text(LOOP_FIXED)
        (folder / "tests/long.c").write_text(LONG)
        self.git("-C", str(folder), "add", "-A")
        self.git("-C", str(folder), "commit", "-q", "-m", "name: refuse names that do not fit")
        return self.git("-C", str(folder), "format-patch", "-1", "--stdout") + "\n"
