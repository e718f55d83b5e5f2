/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_BANNED_H
#define VULNDESK_BASE_BANNED_H

/*
 * Calls that do not compile here (after git's banned.h).  Forced into every file by the build; the
 * system's declarations come first, so that only our own use is hit.  What a macro cannot catch
 * (goto, setjmp, alloca, system) script/check-layers refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#define strcpy(...) banned_call_strcpy(__VA_ARGS__)
#undef strcat
#define strcat(...) banned_call_strcat(__VA_ARGS__)
#undef strncpy
#define strncpy(...) banned_call_strncpy(__VA_ARGS__)
#undef strncat
#define strncat(...) banned_call_strncat(__VA_ARGS__)
#undef sprintf
#define sprintf(...) banned_call_sprintf(__VA_ARGS__)
#undef vsprintf
#define vsprintf(...) banned_call_vsprintf(__VA_ARGS__)
#undef gets
#define gets(...) banned_call_gets(__VA_ARGS__)
#undef popen
#define popen(...) banned_call_popen(__VA_ARGS__)
#undef strtok
#define strtok(...) banned_call_strtok(__VA_ARGS__)
#undef atoi
#define atoi(...) banned_call_atoi(__VA_ARGS__)
#undef atol
#define atol(...) banned_call_atol(__VA_ARGS__)
#undef atoll
#define atoll(...) banned_call_atoll(__VA_ARGS__)
#undef atof
#define atof(...) banned_call_atof(__VA_ARGS__)
#undef strtol
#define strtol(...) banned_call_strtol(__VA_ARGS__)
#undef strtoul
#define strtoul(...) banned_call_strtoul(__VA_ARGS__)
#undef strtoll
#define strtoll(...) banned_call_strtoll(__VA_ARGS__)
#undef strtoull
#define strtoull(...) banned_call_strtoull(__VA_ARGS__)
#undef rand
#define rand(...) banned_call_rand(__VA_ARGS__)
#undef srand
#define srand(...) banned_call_srand(__VA_ARGS__)
#undef tmpnam
#define tmpnam(...) banned_call_tmpnam(__VA_ARGS__)
#undef mktemp
#define mktemp(...) banned_call_mktemp(__VA_ARGS__)
#undef gmtime
#define gmtime(...) banned_call_gmtime(__VA_ARGS__)
#undef localtime
#define localtime(...) banned_call_localtime(__VA_ARGS__)
#undef asctime
#define asctime(...) banned_call_asctime(__VA_ARGS__)
#undef ctime
#define ctime(...) banned_call_ctime(__VA_ARGS__)

#endif
