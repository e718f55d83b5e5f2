/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_PUBLISH_TESTING_H
#define VULNDESK_PUBLISH_TESTING_H

#include "publish/advisory.h"
#include "publish/atom.h"

/* An advisory with something in every place, markup where people write; for tests. */
struct adv_form publish_test_form(void);
struct adv_doc publish_test_doc(struct arena *a);
struct atom_entry publish_test_entry(struct arena *a);

#endif
