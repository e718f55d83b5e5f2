/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that may go to git.  Runs where git is used; names come from strangers' repositories and
 * from settings.
 */
#include "git/name.h"

#include <string.h>

#include "base/utf8.h"

static bool ref_byte_ok(char c)
{
    unsigned char u = (unsigned char)c;
    return u > 0x20 && u != 0x7f && memchr("~^:?*[\\", c, 7) == NULL;
}

static bool ref_part_ok(struct str part)
{
    return part.n > 0 && part.p[0] != '.' && !str_ends(part, STR(".lock"));
}

bool git_ref_ok(struct str name)
{
    if (name.n == 0 || name.n > GIT_NAME_MAX || name.p[0] == '-' || !utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ref_byte_ok(name.p[i]))
            return false;
    if (str_find(name, STR("..")) != STR_NPOS || str_find(name, STR("@{")) != STR_NPOS ||
        str_eq(name, STR("@")) || name.p[name.n - 1] == '.' || name.p[name.n - 1] == '/')
        return false;
    struct str rest = name, part;
    while (str_cut(&rest, '/', &part))
        if (!ref_part_ok(part))
            return false;
    return true;
}

bool git_oid_ok(struct str oid)
{
    if (oid.n != 40 && oid.n != GIT_OID_HEX)
        return false;
    for (size_t i = 0; i < oid.n; i++)
        if (!ascii_is_digit(oid.p[i]) && !(oid.p[i] >= 'a' && oid.p[i] <= 'f'))
            return false;
    return true;
}

bool git_path_ok(struct str path)
{
    if (path.n == 0 || path.n > GIT_PATH_MAX || path.p[path.n - 1] == '/')
        return false;
    if (str_chr(path, '\0') != STR_NPOS || str_chr(path, '\n') != STR_NPOS)
        return false;
    struct str rest = path, part;
    while (str_cut(&rest, '/', &part))
        if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
            return false;
    return true;
}
