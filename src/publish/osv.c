/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The advisory as an OSV document.
 * Runs in core.
 * Input: an advisory that was checked when it was written.
 */
#include "publish/osv.h"

/* The schema's list, version of 2026-07. */
static const char *const ecosystems[] = {
    "AlmaLinux",
    "Alpaquita",
    "Alpine",
    "Android",
    "Azure Linux",
    "BellSoft Hardened Containers",
    "Bioconductor",
    "Bitnami",
    "Chainguard",
    "CleanStart",
    "ConanCenter",
    "CRAN",
    "crates.io",
    "Debian",
    "Docker Hardened Images",
    "Echo",
    "FreeBSD",
    "GHC",
    "GitHub Actions",
    "Go",
    "Hackage",
    "Hex",
    "Julia",
    "Kubernetes",
    "Linux",
    "Mageia",
    "Maven",
    "MinimOS",
    "npm",
    "NuGet",
    "opam",
    "openEuler",
    "openSUSE",
    "OSS-Fuzz",
    "Packagist",
    "Photon OS",
    "Pub",
    "PyPI",
    "Red Hat",
    "Rocky Linux",
    "Root",
    "RubyGems",
    "SUSE",
    "SwiftURL",
    "TuxCare",
    "Ubuntu",
    "VSCode",
    "Wolfi",
};

bool osv_ecosystem_ok(struct str name)
{
    size_t colon = str_chr(name, ':');
    struct str base = colon == STR_NPOS ? name : str_sub(name, 0, colon);
    for (size_t i = 0; i < ARRAY_LEN(ecosystems); i++)
        if (str_eq(base, str_c(ecosystems[i])))
            return colon == STR_NPOS || colon + 1 < name.n;
    return false;
}

static json_t *range_of(const struct adv_range *r)
{
    json_t *events = json_array();
    json_array_append_new(
        events, json_pack("{s:o}", "introduced", json_str(r->from.n ? r->from : STR("0"))));
    if (r->fixed.n)
        json_array_append_new(events, json_pack("{s:o}", "fixed", json_str(r->fixed)));
    else if (r->last.n)
        json_array_append_new(events, json_pack("{s:o}", "last_affected", json_str(r->last)));
    return json_pack("{s:s, s:o}", "type", "ECOSYSTEM", "events", events);
}

static enum rc affected_of(const struct adv_doc *d, json_t **ret, struct err *e)
{
    AUTO(json) json_t *ranges = json_array(), *versions = json_array(), *lines = json_array();
    bool package = d->ecosystem.n && d->package.n;
    for (size_t i = 0; i < d->c.n_affected; i++) {
        struct adv_range r;
        TRY(adv_range_parse(d->c.affected[i], &r, e));
        json_array_append_new(lines, json_str(d->c.affected[i]));
        if (r.exact.n)
            json_array_append_new(versions, json_str(r.exact));
        else if (package)
            json_array_append_new(ranges, range_of(&r));
    }
    json_t *one = json_object();
    if (package) {
        json_t *p = json_object();
        json_put_str(p, "ecosystem", d->ecosystem);
        json_put_str(p, "name", d->package);
        if (d->purl.n)
            json_put_str(p, "purl", d->purl);
        json_object_set_new(one, "package", p);
    }
    if (json_array_size(ranges))
        json_object_set(one, "ranges", ranges);
    if (json_array_size(versions))
        json_object_set(one, "versions", versions);
    json_t *own = json_pack("{s:O}", "affected", lines);
    if (d->product.n)
        json_put_str(own, "product", d->product);
    json_object_set_new(one, "database_specific", own);
    *ret = json_pack("[o]", one);
    return RC_OK;
}

static json_t *references_of(const struct adv_doc *d)
{
    json_t *j = json_array();
    json_array_append_new(j, json_pack("{s:s, s:o}", "type", "ADVISORY", "url", json_str(d->url)));
    for (size_t i = 0; i < d->c.n_refs; i++) {
        struct str url = d->c.refs[i];
        bool commit = str_find(url, STR("/commit/")) != STR_NPOS;
        json_array_append_new(
            j, json_pack("{s:s, s:o}", "type", commit ? "FIX" : "WEB", "url", json_str(url)));
    }
    return j;
}

static json_t *credits_of(const struct adv_doc *d)
{
    json_t *j = json_array();
    for (size_t i = 0; i < d->c.n_credits; i++) {
        char type[32];
        size_t n = 0;
        for (; n < d->c.credits[i].role.n && n + 1 < sizeof(type); n++) {
            char c = d->c.credits[i].role.p[n];
            type[n] = c == ' ' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        }
        type[n] = '\0';
        json_array_append_new(
            j, json_pack("{s:o, s:s}", "name", json_str(d->c.credits[i].name), "type", type));
    }
    return j;
}

static json_t *specific_of(const struct adv_doc *d)
{
    json_t *j = json_object();
    json_put_str(j, "number", d->number);
    if (d->c.severity.n)
        json_put_str(j, "severity", d->c.severity);
    if (d->c.n_fixed) {
        json_t *fixed = json_array();
        for (size_t i = 0; i < d->c.n_fixed; i++)
            json_array_append_new(fixed, json_str(d->c.fixed[i]));
        json_object_set_new(j, "fixed", fixed);
    }
    if (d->withdrawn_us)
        json_put_str(j, "withdrawn_reason", d->withdrawn_reason);
    return j;
}

enum rc osv_write(const struct adv_doc *d, struct buf *out, struct err *e)
{
    AUTO(json) json_t *j = json_object(), *aliases = json_array();
    json_put_str(j, "schema_version", STR(OSV_SCHEMA_VERSION));
    json_put_str(j, "id", d->osv_id);
    json_put_time(j, "modified", d->modified_us);
    json_put_time(j, "published", d->published_us);
    if (d->withdrawn_us)
        json_put_time(j, "withdrawn", d->withdrawn_us);
    for (size_t i = 0; i < d->c.n_cves; i++)
        json_array_append_new(aliases, json_str(d->c.cves[i]));
    if (json_array_size(aliases))
        json_object_set(j, "aliases", aliases);
    json_put_str(j, "summary", d->c.title);
    AUTO(buf) struct buf details = BUF_INIT(ADV_BODY_MAX + ADV_SUMMARY_MAX + 8);
    buf_add(&details, d->c.summary);
    if (d->c.summary.n && d->c.body.n)
        buf_adds(&details, "\n\n");
    buf_add(&details, d->c.body);
    json_put_str(j, "details", buf_str(&details));
    if (d->c.cvss.n)
        json_object_set_new(j, "severity",
                            json_pack("[{s:s, s:o}]", "type",
                                      str_starts(d->c.cvss, STR("CVSS:4")) ? "CVSS_V4" : "CVSS_V3",
                                      "score", json_str(d->c.cvss)));
    if (d->c.n_affected) {
        json_t *affected = NULL;
        TRY(affected_of(d, &affected, e));
        json_object_set_new(j, "affected", affected);
    }
    json_object_set_new(j, "references", references_of(d));
    if (d->c.n_credits)
        json_object_set_new(j, "credits", credits_of(d));
    json_object_set_new(j, "database_specific", specific_of(d));
    TRY(json_write(out, j, e));
    buf_addc(out, '\n');
    return buf_ok(out, "the OSV document", e);
}
