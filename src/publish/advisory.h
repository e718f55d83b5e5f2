/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_PUBLISH_ADVISORY_H
#define VULNDESK_PUBLISH_ADVISORY_H

#include "base/arena.h"
#include "base/json.h"

/*
 * What an advisory says.  Pure: no store, no clock; the documents (osv.h, atom.h, text.h) are made
 * from these structs alone.  Texts are borrowed or live in the caller's arena; lists are a pointer
 * and its count with "n_" before the name.
 */
#define ADV_TITLE_MAX   200
#define ADV_SUMMARY_MAX 2000
#define ADV_BODY_MAX    (64 * 1024) /* Markdown */
#define ADV_CHANGE_MAX  500         /* what a revision changed */
#define ADV_LIST_MAX    50          /* lines of each list */
#define ADV_LINE_MAX    500         /* bytes of a line */
#define ADV_NAME_MAX    200         /* of a credit */
#define ADV_FACTS_MAX   (256 * 1024)
/* Stands in a prefilled text where a person has to write; what still holds it is not approved. */
#define ADV_TO_WRITE "(to be written:"

/*
 * One line of affected versions, as GitHub's advisories write it:
 *     < 2.6.1      >= 2.4, < 2.6.1      >= 2.4, <= 2.6.0      >= 2.4      <= 2.6.0      = 2.5.0
 * Versions are 1..64 letters, digits and ".+-_~:".
 */
struct adv_range {
    struct str from;  /* >=, empty: from the first on */
    struct str fixed; /* <  */
    struct str last;  /* <= */
    struct str exact; /* =, then nothing else */
};
/* RC_INVALID says what such a line looks like. */
enum rc adv_range_parse(struct str line, struct adv_range *ret, struct err *e) WARN_UNUSED;

/* "2026-11-25 Reported" */
struct adv_event {
    struct str date, text;
};
struct adv_credit {
    struct str name;
    struct str role; /* adv_role_ok */
};
/* A revision that was published: what changed with it. */
struct adv_change {
    int64_t at_us;
    struct str text;
};

/* What people write: one revision. */
struct adv_content {
    struct str title, summary, severity, cvss, body; /* severity: critical high medium low, "" */
    struct str *cves, *affected, *fixed, *refs;
    size_t n_cves, n_affected, n_fixed, n_refs;
    struct adv_event *timeline;
    size_t n_timeline;
    struct adv_credit *credits; /* only who is to be named */
    size_t n_credits;
    struct str picture; /* of the affected versions: the desk's (desk/affected.h), no field */
};

/* The same with what the desk knows, ready to be shown or sent. */
struct adv_doc {
    struct adv_content c;
    struct str number; /* empty before publication */
    struct str osv_id; /* "x_" and the number: no home database of the OSV schema is ours */
    struct str url, feed_url;
    struct str desk, product;
    struct str ecosystem, package, purl;             /* of the OSV schema, may be empty */
    int64_t published_us, modified_us, withdrawn_us; /* 0 = not */
    struct str withdrawn_reason;
    struct adv_change *changes; /* corrections, oldest first; without the first publication */
    size_t n_changes;
};

/* A form's fields, each list a line an entry. */
struct adv_form {
    struct str title, summary, severity, cvss, cve, affected, fixed, references, timeline, body;
};
/* Checks everything and takes it apart.  RC_INVALID and RC_LIMIT name the field. */
enum rc adv_form_read(struct arena *a, const struct adv_form *f, struct adv_content *ret,
                      struct err *e) WARN_UNUSED;
void adv_form_fill(struct arena *a, const struct adv_content *c, struct adv_form *ret);

/* Everything but title and body, as kept in the store.  New reference. */
json_t *adv_facts_json(const struct adv_content *c);
/* ret->title and ret->body stay as they are.  "{}" is a revision that was erased: nothing. */
enum rc adv_facts_parse(struct arena *a, struct str json, struct adv_content *ret, struct err *e)
    WARN_UNUSED;

/* "finder", "reporter", "analyst", "coordinator", "remediation developer", ... the OSV schema's. */
extern const char *const adv_roles[]; /* a NULL at the end */
bool adv_role_ok(struct str role);

/* CVSS 3.0, 3.1 or 4.0, base metrics only, each once. */
bool adv_cvss_ok(struct str vector);
/* http or https, visible ASCII, no quotes, brackets or backslashes. */
bool adv_url_ok(struct str url);
/* CVE-YYYY-N.. */
bool adv_cve_ok(struct str s);

#endif
