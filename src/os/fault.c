/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on purpose.  Compiled into test builds only; input is the tester's own setting.
 */
#include "os/fault.h"

#ifdef VULNDESK_FAULT_BUILD

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define FAULTS_MAX 8
#define FAULT_ANY  OS_OP_COUNT
#define FAULT_KILL (-1)

struct fault {
    int op; /* an enum os_op or FAULT_ANY */
    unsigned nth;
    int error; /* an errno or FAULT_KILL */
};

static struct {
    bool ready;
    struct fault list[FAULTS_MAX];
    size_t n;
    unsigned count[OS_OP_COUNT + 1];
} faults;

static const char *const op_name[OS_OP_COUNT + 1] = {"open", "write",  "fsync", "rename",
                                                     "fork", "commit", "any"};

static const struct {
    const char *name;
    int error;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE},
              {"ENOMEM", ENOMEM}, {"EAGAIN", EAGAIN}, {"kill", FAULT_KILL}};

static enum rc parse_one(struct str text, struct fault *ret_f, struct err *e)
{
    struct str op = STR_NONE, nth = STR_NONE, error = STR("EIO");
    str_cut(&text, ':', &op);
    str_cut(&text, ':', &nth);
    str_cut(&text, ':', &error);
    struct fault f = {.op = -1, .error = 0};
    for (int i = 0; i <= OS_OP_COUNT; i++)
        if (str_eq(op, str_c(op_name[i])))
            f.op = i;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (str_eq(error, str_c(errors[i].name)))
            f.error = errors[i].error;
    if (f.op < 0 || f.error == 0 || text.n > 0)
        return err_set(e, RC_INVALID, "a fault is OP:N or OP:N:ERROR with a known OP and ERROR");
    uint64_t n;
    TRY(num_parse(nth, 1, 1000000000, "the number of a fault", &n, e));
    f.nth = (unsigned)n;
    *ret_f = f;
    return RC_OK;
}

enum rc os_fault_set(struct str text, struct err *e)
{
    struct fault list[FAULTS_MAX];
    size_t n = 0;
    struct str part;
    while (str_cut(&text, ',', &part)) {
        if (n == FAULTS_MAX)
            return err_set(e, RC_LIMIT, "more than %d faults", FAULTS_MAX);
        TRY(parse_one(part, &list[n], e));
        n++;
    }
    memset(&faults, 0, sizeof faults);
    memcpy(faults.list, list, n * sizeof list[0]);
    faults.n = n;
    faults.ready = true;
    return RC_OK;
}

bool os_fault(enum os_op op)
{
    if (!faults.ready) {
        struct err e = ERR_INIT;
        if (os_fault_set(str_c(getenv("VULNDESK_FAULT")), &e) != RC_OK) {
            fprintf(stderr, "VULNDESK_FAULT: %s\n", e.msg);
            abort();
        }
    }
    unsigned nth = ++faults.count[op], any = ++faults.count[FAULT_ANY];
    for (size_t i = 0; i < faults.n; i++) {
        const struct fault *f = &faults.list[i];
        bool due = f->op == FAULT_ANY ? f->nth == any : f->op == (int)op && f->nth == nth;
        if (!due)
            continue;
        if (f->error == FAULT_KILL)
            kill(getpid(), SIGKILL);
        errno = f->error;
        return true;
    }
    return false;
}

unsigned os_fault_count(enum os_op op)
{
    return faults.count[op];
}

#else

/* A file without a declaration is not C. */
extern int os_fault_not_built_in;

#endif
