/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_WORDS_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_WORDS_H

#include "base/str.h"

/*
 * Versions and names of software in the text of strangers: what is a version, which two names mean
 * the same thing.  Every function is linear in its text.
 */
#define VENDOR_NAME_MAX    120   /* bytes of a name */
#define VENDOR_VERSION_MAX 60    /* bytes of a version */
#define VENDOR_LINE_MAX    1000  /* bytes of a line that are looked at */
#define VENDOR_LINES_MAX   20000 /* lines of a file that are looked at */

/* What a file says of itself; "" where it says nothing. */
struct vendor_said {
    char name[VENDOR_NAME_MAX + 1];
    char version[VENDOR_VERSION_MAX + 1];
    uint32_t line; /* where the version (or else the name) stands, from 1 */
};

/* Lines of a text, clipped to VENDOR_LINE_MAX bytes and VENDOR_LINES_MAX lines. */
struct vendor_lines {
    struct str rest;
    uint32_t no; /* of the line that was given last */
};
bool vendor_line(struct vendor_lines *l, struct str *ret_line);

/*
 * Is the whole of s a version?  Numbers with dots between, "v" before and a suffix behind allowed:
 * 1.2.3, v2.0, 1.0.0-beta2, 1.3a, 3.0.post1.  ret (may be s itself): without the "v".
 * Nothing but zeros is a placeholder, not a version.  bare: one number alone will do.
 */
bool vendor_version(struct str s, bool bare, struct str *ret);
/* The version that begins at s, if one does; what stands behind it is not looked at. */
bool vendor_version_begins(struct str s, struct str *ret);
/* The same version, or one says more of it than the other: 5.1 and 5.1.4. */
bool vendor_version_agrees(struct str a, struct str b);
/* "name-1.2.3", "name_v1.2", "NNN-name.1.2": the part before and the version behind. */
bool vendor_name_version(struct str s, struct str *ret_name, struct str *ret_version);

/* "name-e23f558": the part before and the abbreviated commit behind. */
bool vendor_name_commit(struct str s, struct str *ret_name, struct str *ret_commit);

/* Names that mean one thing whatever is written around them: libz and zlib, lcms2 and lcms,
 * owner/name, name.js, fast_float and FASTFLOAT. */
bool vendor_name_same(struct str a, struct str b);
/* Could this be a name: letters, digits and a few signs, no longer than VENDOR_NAME_MAX. */
bool vendor_name_ok(struct str s);

/* False, and nothing is written, when s is too long or holds NUL or controls. */
bool vendor_put_name(struct vendor_said *to, struct str s);
bool vendor_put_version(struct vendor_said *to, struct str s, uint32_t line);

/*
 * "NAME 1.2.3", "NAME v1.2", "NAME library, version 1.2": a line that begins with a name of one to
 * three words and its version.  Lines that speak of a licence, of what something needs or where it
 * comes from are no such line.  ret_rest: behind the version.
 */
bool vendor_titled(struct str line, struct str *ret_name, struct str *ret_version,
                   struct str *ret_rest);
/* "@version 1.2", "Version: 1.2", "version 1.2.11, January 15th". */
bool vendor_version_line(struct str line, struct str *ret_version);

#endif
