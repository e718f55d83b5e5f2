/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_DIAL_H
#define VULNDESK_ENGINE_AUDIT_DIAL_H

#include <stddef.h>

/*
 * What a cut of the score costs and gives, as measured: of the places that 1098 fixes of 48
 * projects mended in one go, the share that is found above the cut when one of them is known, and
 * how many places there are above it to be read.  The weights had not seen the project that was
 * asked (bench/audit-weights).  A script chose the fixes and about a quarter of their places is not
 * the same flaw, so the share is a lower bound; a good place that nobody mended counts as one to be
 * read in vain.
 */
struct dial_row {
    double cut, recall, places;
};
/* Highest cut first. */
extern const struct dial_row dial_rows[];
extern const size_t n_dial_rows;

#endif
