/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_CLASS_H
#define VULNDESK_ENGINE_BACKPORT_CLASS_H

#include "base/str.h"

/*
 * What kind of file a path names, for the question what may be left out of a backport: a program
 * cannot do without its code; tests, documentation, lists of changes, what a build generates and
 * what a host of repositories runs (continuous integration) can follow or stay behind.
 */
enum file_class { CLASS_CODE, CLASS_TEST, CLASS_DOC, CLASS_GENERATED, CLASS_CI };

enum file_class file_class_of(struct str path);
/* "code", "test", "doc", "generated", "ci" */
const char *file_class_name(enum file_class c);

#endif
