/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_RECEIPT_H
#define VULNDESK_CLI_RECEIPT_H

/*
 * `vulndesk receipt verify FILE [--key FILE | --config FILE]`: what the receipt of an
 * acknowledgement proves.  FILE is the mail or its text.  The key is the desk's public one: a file
 * of 64 hex digits as published under /receipt-key, or that of the desk's own data folder.
 * Exit: 0 it holds, 1 it does not, 64 usage.
 */
int receipt_main(int argc, char **argv);

#endif
