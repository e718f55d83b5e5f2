/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_MANIFEST_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_MANIFEST_H

#include "base/arena.h"
#include "engine/audit/vendor_words.h"

/*
 * Files by which packages say their name and version, and lists of packages that were installed.
 */
#define VENDOR_LIST_MAX 5000 /* packages of one list that are read */

enum vendor_manifest {
    MANIFEST_NONE = 0,
    MANIFEST_JSON,      /* package.json, bower.json, composer.json, META.json, vcpkg.json, ... */
    MANIFEST_CARGO,     /* Cargo.toml */
    MANIFEST_PYPROJECT, /* pyproject.toml */
    MANIFEST_SETUP_CFG,
    MANIFEST_SETUP_PY,
    MANIFEST_HEADERS,    /* PKG-INFO, METADATA, README.chromium: "Name: x" */
    MANIFEST_SPEC,       /* *.gemspec, *.rockspec, *.podspec */
    MANIFEST_YAML,       /* META.yml, pubspec.yaml */
    MANIFEST_PROPERTIES, /* library.properties */
    MANIFEST_PLAIN,      /* VERSION, version.txt: the version and hardly more */
    MANIFEST_CMAKE,
    MANIFEST_AUTOCONF, /* configure.ac, configure.in */
    MANIFEST_MESON,
    MANIFEST_SUBREPO, /* .gitrepo: where it came from, no version */
};

/* By the last part of a path. */
enum vendor_manifest vendor_manifest_of(struct str base);
/* Is something said: a version or at least a name?  Strict where the format is (JSON). */
bool vendor_manifest_read(enum vendor_manifest kind, struct str text, struct vendor_said *ret);

/* The url of the submodule at this path in the text of .gitmodules; false: none that could be. */
bool vendor_module_url(struct str text, struct str path, struct str *ret_url);
/* What a repository at this address is called: the last part, without ".git". */
struct str vendor_url_name(struct str url);

enum vendor_list {
    LIST_NONE = 0,
    LIST_COMPOSER, /* vendor/composer/installed.json */
    LIST_GO,       /* vendor/modules.txt */
    LIST_PIP,      /* vendor.txt: NAME==VERSION */
};
/* By its path. */
enum vendor_list vendor_list_of(struct str path);

struct vendor_package {
    struct str name, version; /* version "" when it names a branch or nothing */
    struct str folder;        /* as the list has it, from the list's own folder; any text */
    struct str note;          /* more to be said, or "" */
    uint32_t line;            /* 0 when the format has no lines */
};
/* RC_INVALID: not such a list; RC_LIMIT: more than VENDOR_LIST_MAX, those are left out (ret is
 * filled). */
enum rc vendor_list_read(enum vendor_list kind, struct str text, struct arena *a,
                         struct vendor_package **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
