/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_PUBLISH_OSV_H
#define VULNDESK_PUBLISH_OSV_H

#include "publish/advisory.h"

/*
 * The advisory as a document of the Open Source Vulnerability format
 * (https://ossf.github.io/osv-schema/).  With an ecosystem and a package of settings [publish] the
 * affected versions are ranges of it; without, they are said in database_specific only, because a
 * range of no package means nothing to a scanner.
 */
#define OSV_SCHEMA_VERSION "1.7.0"
#define OSV_MAX            (512 * 1024) /* bytes of a document */

enum rc osv_write(const struct adv_doc *d, struct buf *out, struct err *e) WARN_UNUSED;

/* A name of the schema's list of ecosystems, perhaps with a suffix: "Debian:12". */
bool osv_ecosystem_ok(struct str name);

#endif
