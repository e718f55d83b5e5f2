/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading of a policy for people and programs.  Runs in commands and in core.
 */
#include "desk/policy.h"

static const struct {
    const char *name, *label;
} promises[PROMISE_COUNT] = {
    [PROMISE_ACKNOWLEDGE] = {"acknowledge", "acknowledges that a report arrived"},
    [PROMISE_DETAIL] = {"detail", "sends a detailed response with the next steps"},
    [PROMISE_UPDATE] = {"update", "keeps the reporter informed"},
    [PROMISE_HANDLER] = {"handler", "assigns a primary handler"},
    [PROMISE_AFFECTED] = {"affected", "determines the affected versions"},
    [PROMISE_AUDIT] = {"audit", "searches for similar problems"},
    [PROMISE_FIXES] = {"fixes", "prepares fixes for all maintained releases"},
    [PROMISE_THIRD_PARTY] = {"third_party", "sends third-party problems to their maintainers"},
    [PROMISE_CREDIT] = {"credit", "acknowledges the reporter's contribution"},
    [PROMISE_ANNOUNCE] = {"announce", "announces what was fixed"},
    [PROMISE_COMMENTS] = {"comments", "takes comments on the policy as pull requests"},
};

const char *policy_promise_name(enum policy_promise_kind k)
{
    return (unsigned)k < PROMISE_COUNT ? promises[k].name : "";
}

const char *policy_promise_label(enum policy_promise_kind k)
{
    return (unsigned)k < PROMISE_COUNT ? promises[k].label : "";
}

const char *policy_how_name(enum policy_how h)
{
    static const char *const names[] = {"plain", "mailto", "spelled", "entity"};
    return (unsigned)h < ARRAY_LEN(names) ? names[h] : "";
}

const char *policy_url_kind_name(enum policy_url_kind k)
{
    static const char *const names[] = {"private", "form", "key", "security_txt"};
    return (unsigned)k < ARRAY_LEN(names) ? names[k] : "";
}

static bool has_url(const struct policy *p, enum policy_url_kind k)
{
    for (size_t i = 0; i < p->n_urls; i++)
        if (p->urls[i].kind == k)
            return true;
    return false;
}

#define MISSING_OTHER 13

/* The k-th thing that is no promise: its name, *ret_there says whether the policy has it. */
static const char *other_thing(const struct policy *p, size_t k, bool *ret_there)
{
    const struct policy_promise *pr = p->promises;
    const struct {
        const char *name;
        bool there;
    } all[MISSING_OTHER] = {
        {"a title", p->title.n > 0},
        {"sections", p->n_sections > 0},
        {"the name of the project", p->project.n > 0},
        {"a mail address for reports", p->n_contacts > 0},
        {"a private report at a forge", has_url(p, POLICY_URL_PRIVATE)},
        {"a web form", has_url(p, POLICY_URL_FORM)},
        {"an OpenPGP key", has_url(p, POLICY_URL_KEY) || p->fingerprint.n > 0},
        {"a security.txt", has_url(p, POLICY_URL_SECURITY_TXT)},
        {"a table of supported versions", p->n_versions > 0},
        {"a time limit for the acknowledgement", pr[PROMISE_ACKNOWLEDGE].within_us > 0},
        {"a time limit for the detailed response", pr[PROMISE_DETAIL].within_us > 0},
        {"a time limit for updates", pr[PROMISE_UPDATE].within_us > 0},
        {"an embargo", p->embargo_us > 0},
    };
    *ret_there = all[k].there;
    return all[k].name;
}

const char *policy_missing(const struct policy *p, size_t i)
{
    for (size_t k = 0; k < MISSING_OTHER; k++) {
        bool there;
        const char *name = other_thing(p, k, &there);
        if (!there && i-- == 0)
            return name;
    }
    static const char *const names[PROMISE_COUNT] = {
        [PROMISE_ACKNOWLEDGE] = "a promise to acknowledge reports",
        [PROMISE_DETAIL] = "a promise of a detailed response",
        [PROMISE_UPDATE] = "a promise to keep the reporter informed",
        [PROMISE_HANDLER] = "a primary handler",
        [PROMISE_AFFECTED] = "that affected versions are determined",
        [PROMISE_AUDIT] = "a search for similar problems",
        [PROMISE_FIXES] = "fixes for all maintained releases",
        [PROMISE_THIRD_PARTY] = "a rule for third-party modules",
        [PROMISE_CREDIT] = "credit for reporters",
        [PROMISE_ANNOUNCE] = "a public announcement",
        [PROMISE_COMMENTS] = "a way to comment on the policy",
    };
    for (size_t k = 0; k < PROMISE_COUNT; k++)
        if (!p->promises[k].found && i-- == 0)
            return names[k];
    return NULL;
}

static json_t *text_or_null(struct str s)
{
    return s.n ? json_str(s) : json_null();
}

static void put(json_t *j, const char *key, json_t *v)
{
    json_object_set_new(j, key, v);
}

static json_t *json_sections(const struct policy *p)
{
    json_t *a = json_array();
    for (size_t i = 0; i < p->n_sections; i++) {
        json_t *j = json_object();
        put(j, "title", json_str(p->sections[i].title));
        put(j, "anchor", json_str(p->sections[i].anchor));
        put(j, "level", json_integer(p->sections[i].level));
        put(j, "line", json_integer(p->sections[i].line));
        json_array_append_new(a, j);
    }
    return a;
}

static json_t *json_links(const struct policy *p)
{
    json_t *a = json_array();
    for (size_t i = 0; i < p->n_links; i++) {
        json_t *j = json_object();
        put(j, "text", json_str(p->links[i].text));
        put(j, "anchor", json_str(p->links[i].anchor));
        put(j, "line", json_integer(p->links[i].line));
        put(j, "ok", json_boolean(p->links[i].ok));
        json_array_append_new(a, j);
    }
    return a;
}

static json_t *json_contacts(const struct policy *p)
{
    json_t *a = json_array();
    for (size_t i = 0; i < p->n_contacts; i++) {
        const struct policy_contact *c = &p->contacts[i];
        json_t *j = json_object();
        put(j, "address", json_str(c->address));
        put(j, "words", json_str(c->words));
        put(j, "how", json_string(policy_how_name(c->how)));
        put(j, "line", json_integer(c->line));
        put(j, "reporting", json_boolean(c->reporting));
        json_array_append_new(a, j);
    }
    return a;
}

static json_t *json_urls(const struct policy *p)
{
    json_t *a = json_array();
    for (size_t i = 0; i < p->n_urls; i++) {
        json_t *j = json_object();
        put(j, "kind", json_string(policy_url_kind_name(p->urls[i].kind)));
        put(j, "url", text_or_null(p->urls[i].url));
        put(j, "words", json_str(p->urls[i].words));
        put(j, "line", json_integer(p->urls[i].line));
        json_array_append_new(a, j);
    }
    return a;
}

static json_t *json_promises(const struct policy *p)
{
    json_t *all = json_object();
    for (int k = 0; k < PROMISE_COUNT; k++) {
        const struct policy_promise *pr = &p->promises[k];
        if (!pr->found)
            continue;
        json_t *j = json_object();
        put(j, "words", json_str(pr->words));
        put(j, "line_start", json_integer(pr->line_start));
        put(j, "line_end", json_integer(pr->line_end));
        if (pr->within_us) {
            put(j, "within_seconds", json_integer(pr->within_us / 1000000));
            put(j, "within_words", json_str(pr->within_words));
            put(j, "working_days", json_boolean(pr->working_days));
        }
        put(all, policy_promise_name((enum policy_promise_kind)k), j);
    }
    return all;
}

static json_t *json_versions(const struct policy *p)
{
    json_t *a = json_array();
    for (size_t i = 0; i < p->n_versions; i++) {
        const struct policy_version *v = &p->versions[i];
        json_t *j = json_object();
        put(j, "version", json_str(v->version));
        put(j, "status", json_str(v->status));
        put(j, "supported", v->unclear ? json_null() : json_boolean(v->supported));
        put(j, "line", json_integer(v->line));
        json_array_append_new(a, j);
    }
    return a;
}

json_t *policy_json(const struct policy *p)
{
    json_t *j = json_object(), *missing = json_array();
    const char *name;
    for (size_t i = 0; (name = policy_missing(p, i)) != NULL; i++)
        json_array_append_new(missing, json_string(name));
    put(j, "title", text_or_null(p->title));
    put(j, "project", text_or_null(p->project));
    put(j, "sections", json_sections(p));
    put(j, "links", json_links(p));
    put(j, "contacts", json_contacts(p));
    put(j, "urls", json_urls(p));
    put(j, "promises", json_promises(p));
    put(j, "versions", json_versions(p));
    put(j, "fingerprint", text_or_null(p->fingerprint));
    put(j, "fingerprint_line",
        p->fingerprint_line ? json_integer(p->fingerprint_line) : json_null());
    put(j, "embargo_seconds", p->embargo_us ? json_integer(p->embargo_us / 1000000) : json_null());
    put(j, "embargo_words", text_or_null(p->embargo_words));
    put(j, "embargo_line", p->embargo_line ? json_integer(p->embargo_line) : json_null());
    put(j, "not_found", missing);
    put(j, "truncated", json_boolean(p->truncated));
    put(j, "lines", json_integer(p->lines));
    return j;
}
