/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_POLICY_H
#define VULNDESK_DESK_POLICY_H

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * Reads a project's SECURITY.md (Markdown) and says what it states: where to report, what it
 * promises, in its own words and with line numbers.  A reading, not an understanding: it looks for
 * phrases, reports the sentence it found, and lists what it did not find.  It never fills a gap.
 *
 * Pure, iterative, bounded.  Lines are 1-based, ranges inclusive.  Every text is clean UTF-8 (the
 * border rule of base/utf8.h), lives in the caller's arena and has a NUL behind it.
 */
#define POLICY_MAX       (256 * 1024) /* bytes of a policy; longer is RC_LIMIT */
#define POLICY_SECTIONS  200 /* counts; what is beyond is left out and `truncated` is set */
#define POLICY_LINKS     200
#define POLICY_CONTACTS  20
#define POLICY_URLS      50
#define POLICY_VERSIONS  100
#define POLICY_SENTENCES 4000
#define POLICY_ARENA     (4 * 1024 * 1024) /* enough for any policy of POLICY_MAX bytes */

struct policy_section {
    struct str title;  /* without marks */
    struct str anchor; /* as GitHub makes it: "reporting-a-vulnerability" */
    int level;         /* 1..6 */
    unsigned line;
};

/* A link to an anchor of the same file. */
struct policy_link {
    struct str text, anchor; /* anchor without '#' */
    unsigned line;
    bool ok; /* that section exists */
};

enum policy_how {
    POLICY_PLAIN,   /* a@b.example */
    POLICY_MAILTO,  /* mailto: link */
    POLICY_SPELLED, /* "a at b.example", "a [at] b [dot] example", German forms */
    POLICY_ENTITY   /* written with character references, a&#64;b */
};
struct policy_contact {
    struct str address; /* local@domain, domain in lower case */
    struct str words;   /* as written in the policy */
    enum policy_how how;
    unsigned line;
    bool reporting; /* stands in a section or sentence about reporting; those come first */
};

enum policy_url_kind {
    POLICY_URL_PRIVATE, /* a forge's private report: .../security/advisories/new */
    POLICY_URL_FORM,    /* a form, a bounty programme */
    POLICY_URL_KEY,     /* an OpenPGP key */
    POLICY_URL_SECURITY_TXT
};
struct policy_url {
    enum policy_url_kind kind;
    struct str url; /* http(s) only; empty for "use the private reporting button" without a link */
    struct str words;
    unsigned line;
};

enum policy_promise_kind {
    PROMISE_ACKNOWLEDGE, /* that the report arrived */
    PROMISE_DETAIL,      /* a detailed response with the next steps */
    PROMISE_UPDATE,      /* to be kept informed */
    PROMISE_HANDLER,     /* one primary handler */
    PROMISE_AFFECTED,    /* confirm and determine the affected versions */
    PROMISE_AUDIT,       /* search for similar problems */
    PROMISE_FIXES,       /* fixes for all maintained releases */
    PROMISE_THIRD_PARTY, /* problems of third-party modules go to their maintainers */
    PROMISE_CREDIT,      /* reporters are named */
    PROMISE_ANNOUNCE,    /* a public announcement */
    PROMISE_COMMENTS,    /* comments on the policy as pull requests */
    PROMISE_COUNT
};
struct policy_promise {
    bool found;
    struct str words; /* the exact sentence, line breaks as one space */
    unsigned line_start, line_end;
    /* Time limit, only if the sentence states one; else 0 and empty. */
    int64_t within_us;
    bool working_days;       /* "3 working days": within_us counts them as calendar days */
    struct str within_words; /* "within 48 hours" */
};

struct policy_version {
    struct str version, status; /* cells of the table */
    bool supported, unclear;    /* unclear: the cell says neither yes nor no */
    unsigned line;
};

struct policy {
    struct str title; /* of the first heading */
    struct str
        project; /* the name it gives its subject, e.g. "mailcow: dockerized"; may be empty */
    struct policy_section *sections; /* every heading but the title, in order */
    size_t n_sections;
    struct policy_link *links; /* the table of contents and others */
    size_t n_links;
    struct policy_contact *contacts;
    size_t n_contacts;
    struct policy_url *urls;
    size_t n_urls;
    struct policy_promise promises[PROMISE_COUNT];
    struct policy_version *versions;
    size_t n_versions;
    struct str fingerprint; /* OpenPGP: 40 or 64 upper-case digits; empty = none */
    unsigned fingerprint_line;
    int64_t embargo_us; /* 0 = none stated */
    struct str embargo_words;
    unsigned embargo_line;
    bool truncated; /* a limit above was reached */
    unsigned lines;
};

/* RC_INVALID when text is not text (NUL inside), RC_LIMIT when too long or the arena is full. */
enum rc policy_parse(struct arena *a, struct str text, const struct policy **ret_p, struct err *e)
    WARN_UNUSED;

/* "acknowledge", "detail", ...: words for JSON and logs. */
const char *policy_promise_name(enum policy_promise_kind k);
/* "acknowledges that a report arrived": for people. */
const char *policy_promise_label(enum policy_promise_kind k);
const char *policy_how_name(enum policy_how h);
const char *policy_url_kind_name(enum policy_url_kind k);

/* Everything that a policy may state and this one does not: name for people, one call for each
 * index from 0; NULL at the end. */
const char *policy_missing(const struct policy *p, size_t i);

/* The whole reading, with "not_found": [...]. New reference. */
json_t *policy_json(const struct policy *p);

/*
 * GitHub's anchor of a heading: lower case, spaces become '-', letters, digits, '-' and '_' stay,
 * the rest goes.  Pages that render the policy use sections[].anchor in order, which also carries
 * the "-1", "-2" of repeated titles.
 */
void policy_slug(struct buf *b, struct str title);

#endif
