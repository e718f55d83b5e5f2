/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of the classes of files.  Tests only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/backport/class.h"

static void paths_have_their_class(void **state)
{
    static const struct {
        const char *path;
        enum file_class class;
    } want[] = {
        {"src/server.c", CLASS_CODE},
        {"Makefile.am", CLASS_CODE},
        {"CMakeLists.txt", CLASS_CODE},
        {"doc.c", CLASS_CODE},
        {"src/contest.c", CLASS_CODE},
        {"test", CLASS_CODE},
        {"", CLASS_CODE},
        {"src/history.c", CLASS_CODE},
        {"lib/readme_parser.py", CLASS_CODE},
        {"templates/page.html", CLASS_CODE},
        {"a/testing.go", CLASS_CODE},
        {"CHANGES", CLASS_DOC},
        {"ChangeLog.2019", CLASS_DOC},
        {"README.md", CLASS_DOC},
        {"lib/Documentation/api.c", CLASS_DOC},
        {"changelogs/fragments/123.yml", CLASS_DOC},
        {"man/tool.8", CLASS_DOC},
        {"src/version.h", CLASS_DOC},
        {"docs/test/x.c", CLASS_DOC},
        {"configure", CLASS_GENERATED},
        {"vendor/a/b.go", CLASS_GENERATED},
        {"api/x.pb.go", CLASS_GENERATED},
        {"tests/unit/a.tcl", CLASS_TEST},
        {"pkg/a_test.go", CLASS_TEST},
        {"src/test-thing.c", CLASS_TEST},
        {"lib/tst-list.c", CLASS_TEST},
        {"t/0001.sh", CLASS_TEST},
        {".github/workflows/build.yml", CLASS_CI},
        {".gitlab-ci.yml", CLASS_CI},
        {"contrib/.ci/run", CLASS_CI},
        {".github/CONTRIBUTING.md", CLASS_DOC},
        {"src/github/ci.c", CLASS_CODE},
        {"Dockerfile", CLASS_CODE},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        if (file_class_of(str_c(want[i].path)) != want[i].class)
            fail_msg("%s is not %s", want[i].path, file_class_name(want[i].class));
}

static void long_names_are_read_from_their_end(void **state)
{
    char path[4000];
    (void)state;
    memset(path, 'a', sizeof path);
    assert_int_equal(file_class_of(str_of(path, sizeof path)), CLASS_CODE);
    memcpy(path + sizeof path - 8, "_test.go", 8);
    assert_int_equal(file_class_of(str_of(path, sizeof path)), CLASS_TEST);
    memset(path, '/', sizeof path);
    assert_int_equal(file_class_of(str_of(path, sizeof path)), CLASS_CODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_their_class),
        cmocka_unit_test(long_names_are_read_from_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
