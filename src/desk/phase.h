/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_PHASE_H
#define VULNDESK_DESK_PHASE_H

#include "base/json.h"
#include "base/str.h"

/*
 * The phase that people see is derived: a pure function of the data, cumulative (a phase is reached
 * when it and all before it hold), so nobody clicks "next" and a correction moves the case back.
 */
enum phase {
    PHASE_RECEIVED,
    PHASE_ACKNOWLEDGED,
    PHASE_ASSIGNED,
    PHASE_CONFIRMED,
    PHASE_ACCEPTED,
    PHASE_SCOPED,
    PHASE_AUDITED,
    PHASE_FIXING, /* "Fix k/n" */
    PHASE_FIX_READY,
    PHASE_SCHEDULED,
    PHASE_PUBLISHED,
    PHASE_POST_RELEASE,
    PHASE_CLOSED,
    PHASE_COUNT
};

/*
 * The closed list of facts of a case; each is set by an event with a reason, never by itself (but
 * `acknowledged`, by the outbox).  Kept as a JSON object of the facts that are set.
 */
enum fact {
    FACT_ACKNOWLEDGED,      /* bool: the reporter has an answer */
    FACT_EVIDENCE,          /* text: what confirmed the problem */
    FACT_SCOPED,            /* text: affected versions for each maintained line */
    FACT_AUDITED,           /* text: login that signed the variant audit off */
    FACT_LINES,             /* number: maintained lines that need the fix */
    FACT_FIXES,             /* number: of them, with the fix ready */
    FACT_WAIVED,            /* number: of them, waived with a reason */
    FACT_CVE,               /* text: CVE-YYYY-NNNN */
    FACT_RELEASE,           /* number: release instant, microseconds */
    FACT_ADVISORY_BY,       /* text: login that wrote the advisory draft */
    FACT_ADVISORY_APPROVED, /* text: login of the second person */
    FACT_FORMATS_OUT,       /* bool: all formats published */
    FACT_POST_RELEASE,      /* bool: uptake, corrections and reports are being followed */
    FACT_COUNT
};
enum fact_type { FACT_BOOL, FACT_TEXT, FACT_NUMBER };
#define FACT_TEXT_MAX 4000

const char *fact_name(enum fact f);
enum fact_type fact_kind(enum fact f);
enum rc fact_parse(struct str name, enum fact *ret_f, struct err *e) WARN_UNUSED;
/* Puts value (of the fact's type; JSON null unsets) into facts; RC_INVALID says what is wrong. */
enum rc fact_put(json_t *facts, enum fact f, const json_t *value, struct err *e) WARN_UNUSED;
/* The whole object: only known names, right types. */
enum rc facts_check(const json_t *facts, struct err *e) WARN_UNUSED;

struct phase_in {
    char rm; /* ours */
    unsigned cs;
    bool has_handler;
    bool has_severity;
    const json_t *facts;
};
enum phase phase_of(const struct phase_in *in);
/* "Fix 2/3", "Acknowledged", ... */
void phase_text(const struct phase_in *in, struct buf *b);
const char *phase_name(enum phase p); /* "fixing", for JSON */

/* Side exits, each with a mandatory reason. */
enum side_exit {
    EXIT_NONE,
    EXIT_NEEDS_INFORMATION,
    EXIT_NOT_REPRODUCIBLE,
    EXIT_NOT_A_VULNERABILITY,
    EXIT_UNSUPPORTED_VERSION,
    EXIT_DUPLICATE,
    EXIT_ROUTED,
    EXIT_WITHDRAWN,
    EXIT_SPAM,
    EXIT_COUNT
};
const char *
exit_name(enum side_exit x); /* "needs-information", as stored and on the command line */
const char *exit_text(enum side_exit x); /* "Needs information" */
enum rc exit_parse(struct str s, enum side_exit *ret_x, struct err *e) WARN_UNUSED; /* "" = none */

#endif
