/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of file a path names, by its folders and its name.  Runs in the engine child; paths are
 * strangers' and only compared.
 */
#include "engine/backport/class.h"

#include <string.h>

/* Words between spaces; those that end in '*' are beginnings.  Lower case: so is what is looked up.
 */
static const char doc_folders[] =
    " doc docs man manual manuals documentation changelog changelogs releasenotes newsfragments "
    "changes* doc-* ";
/* Names without their last ending. */
static const char doc_names[] =
    " change changes changelog* news history authors todo readme* version release_notes "
    "release-notes releasenotes 00-releasenotes copying thanks credits copyright srcid "
    "release_note* ";
static const char doc_ends[] =
    " md rst txt texi texinfo adoc asciidoc docbook po pot 1 2 3 4 5 6 7 8 9 chm ";
/* Names above are documents only without the ending of a program... */
static const char program_ends[] =
    " c cc cpp cxx h hh hpp hxx y l py go js mjs ts jsx tsx java rs rb "
    "php pl pm sh tcl lua cs kt swift scala m mm sql vue erl ex hs ";
/* ...but for these, that hold a number and nothing else. */
static const char number_names[] =
    " version.h version.hh version.hpp version.py version.go version.rb version.js version.sh ";
/* Endings above do not count for these. */
static const char doc_never[] =
    " cmakelists.txt requirements.txt constraints.txt meson_options.txt "
    "test-requirements.txt ";

static const char made_folders[] = " vendor node_modules hwdb.d autom4te.cache ";
static const char made_names[] =
    " configure aclocal.m4 makefile.in config.h.in go.sum package-lock.json yarn.lock cargo.lock "
    "composer.lock poetry.lock pipfile.lock ltmain.sh config.guess config.sub version-compat.h ";
static const char made_tails[] = " .pb.go .pb.h .pb.cc _pb2.py .min.js .min.css ";

static const char test_folders[] =
    " test tests testing testsuite testsuites test-suite testdata unittest unittests unit_test "
    "unit_tests integration integration-cli functional t topotests fixture fixtures fuzz fuzzing "
    "regress __tests__ tests-* ";
static const char test_names[] = " conftest.py ";
/* What a host of repositories runs at each change. */
static const char ci_folders[] =
    " .github .gitlab .circleci .semaphore .buildkite .ci .zuul .zuul.d ";
static const char ci_names[] =
    " .gitlab-ci.yml .travis.yml .cirrus.yml .drone.yml .zuul.yaml .appveyor.yml "
    "appveyor.yml .packit.yaml .packit.yml azure-pipelines.yml bitbucket-pipelines.yml "
    "jenkinsfile ";
static const char test_heads[] = " test-* test_* tst-* bug-* ";
/* Ends of names without their last ending. */
static const char test_tails[] = " -test _test .test _tests _unittest ";

static bool word_in(struct str w, const char *list)
{
    for (const char *p = list + 1; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (p[n - 1] == '*') {
            if (w.n >= n - 1 && memcmp(w.p, p, n - 1) == 0)
                return true;
        } else if (w.n == n && memcmp(w.p, p, n) == 0) {
            return true;
        }
        p += n + (p[n] == ' ');
    }
    return false;
}

static bool tail_in(struct str w, const char *list)
{
    for (const char *p = list + 1; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (w.n > n && memcmp(w.p + w.n - n, p, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

/* Names of folders and files that are longer are no words of ours. */
#define PART_MAX 80

struct kinds {
    bool doc, test, made, ci;
};

static void look_folder(struct str part, struct kinds *k)
{
    k->doc |= word_in(part, doc_folders);
    k->test |= word_in(part, test_folders);
    k->made |= word_in(part, made_folders);
    k->ci |= word_in(part, ci_folders);
}

static void look_name(struct str name, struct kinds *k)
{
    size_t dot = str_rchr(name, '.');
    struct str stem = dot == STR_NPOS ? name : str_sub(name, 0, dot);
    struct str ends = dot == STR_NPOS ? STR_NONE : str_sub(name, dot + 1, name.n);
    k->made |= word_in(name, made_names) || tail_in(name, made_tails);
    k->ci |= word_in(name, ci_names);
    if (word_in(name, doc_never))
        return;
    k->doc |= (word_in(stem, doc_names) && !word_in(ends, program_ends)) ||
              word_in(name, number_names) || (stem.n > 0 && word_in(ends, doc_ends));
    k->test |= word_in(name, test_names) || word_in(name, test_heads) ||
               (ends.n > 0 && tail_in(stem, test_tails)) ||
               str_find(stem, STR("_unittest")) != STR_NPOS;
}

enum file_class file_class_of(struct str path)
{
    struct kinds k = {0};
    struct str part = STR_NONE;
    char low[PART_MAX];
    while (str_cut(&path, '/', &part)) {
        size_t n = part.n < sizeof low ? part.n : sizeof low;
        /* The end of a long name says more than its beginning. */
        for (size_t i = 0; i < n; i++)
            low[i] = ascii_lower(part.p[part.n - n + i]);
        if (path.n > 0)
            look_folder(str_of(low, n), &k);
        else
            look_name(str_of(low, n), &k);
    }
    if (k.doc)
        return CLASS_DOC;
    if (k.made)
        return CLASS_GENERATED;
    if (k.ci)
        return CLASS_CI;
    return k.test ? CLASS_TEST : CLASS_CODE;
}

const char *file_class_name(enum file_class c)
{
    static const char *const names[] = {"code", "test", "doc", "generated", "ci"};
    BUG_ON((unsigned)c >= ARRAY_LEN(names));
    return names[c];
}
