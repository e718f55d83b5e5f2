/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_AFFECTED_H
#define VULNDESK_WEB_PAGE_AFFECTED_H

#include "desk/affected.h"
#include "web/pages.h"
#include "web/views_affected.h"

/* The page of a case's affected versions; pure, as pages.h. */
#define AFFECTED_ROWS_MAX 2000 /* releases in the table; of more it is said */
#define AFFECTED_INLINE   40   /* up to so many releases the table is on the page itself */
#define AFFECTED_DIFFERS  12   /* tags of a candidate that are named */

void page_affected_write(const struct maker *m, struct page_frame frame,
                         const struct view_affected *v, const struct draft *draft, struct buf *out);
/* The table of all releases. */
void page_affected_releases_write(const struct maker *m, struct page_frame frame,
                                  const struct view_affected *v, struct buf *out);

/* The picture of an advisory, "" when it has none. */
void picture_fill(const struct maker *m, const struct view_picture *p, struct picture_view *ret);

#endif
