/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_H
#define VULNDESK_WEB_VIEWS_H

#include "web/html.h"

/*
 * What the templates see: one struct a page.  Everything is borrowed from the arena of the request.
 * Texts are for people and already in words; whatever came from outside is hostile and stays so,
 * the templates escape it.
 */

/* A failure that needs nothing from the desk. */
struct page_error {
    int status;
    const char *words;
    struct str why;
};

#endif
