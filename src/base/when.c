/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats of time.  Runs in every role; parsers take untrusted text.
 */
#include "base/when.h"

/* Days from civil and back: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

#define WHEN_MAX (INT64_C(253402300799) * US_PER_S + 999999)

void when_civil(int64_t at_us, struct civil *ret_c)
{
    if (at_us < 0)
        at_us = 0;
    if (at_us > WHEN_MAX)
        at_us = WHEN_MAX;
    int64_t days = at_us / US_PER_DAY, rest = at_us % US_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_c = (struct civil){
        .year = (int)(yoe + era * 400 + (mp >= 10)),
        .month = (int)(mp < 10 ? mp + 3 : mp - 9),
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / US_PER_H),
        .minute = (int)(rest / US_PER_MIN % 60),
        .second = (int)(rest / US_PER_S % 60),
        .micro = (int)(rest % US_PER_S),
        .weekday = (int)((days + 4) % 7),
    };
}

int64_t when_from_civil(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * US_PER_DAY + c->hour * US_PER_H +
           c->minute * US_PER_MIN + c->second * US_PER_S + c->micro;
}

/* n in so many digits.  A page is full of times: printf would be a tenth of its cost. */
static char *put_digits(char *p, int n, int digits)
{
    for (int i = digits - 1; i >= 0; i--, n /= 10)
        p[i] = (char)('0' + n % 10);
    return p + digits;
}

/* "2026-11-25?15:08" with the separator between date and time; 16 bytes. */
static char *put_minute(char *p, const struct civil *c, char between)
{
    /* Nobody's clock but a forger's: shown as the last year of four digits. */
    bool far = c->year < 0 || c->year > 9999;
    p = put_digits(p, far ? 9999 : c->year, 4);
    *p++ = '-';
    p = put_digits(p, c->month, 2);
    *p++ = '-';
    p = put_digits(p, c->day, 2);
    *p++ = between;
    p = put_digits(p, c->hour, 2);
    *p++ = ':';
    return put_digits(p, c->minute, 2);
}

void when_rfc3339(struct buf *b, int64_t at_us)
{
    struct civil c;
    when_civil(at_us, &c);
    char text[24], *p = put_minute(text, &c, 'T');
    *p++ = ':';
    p = put_digits(p, c.second, 2);
    *p++ = 'Z';
    buf_add(b, str_of(text, (size_t)(p - text)));
}

void when_rfc5322(struct buf *b, int64_t at_us)
{
    static const char *const day[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c;
    when_civil(at_us, &c);
    buf_addf(b, "%s, %d %s %04d %02d:%02d:%02d +0000", day[c.weekday], c.day, month[c.month - 1],
             c.year, c.hour, c.minute, c.second);
}

void when_human(struct buf *b, int64_t at_us)
{
    struct civil c;
    when_civil(at_us, &c);
    char text[24], *p = put_minute(text, &c, ' ');
    buf_add(b, str_of(text, (size_t)(p - text)));
    buf_adds(b, " UTC");
}

void when_span(struct buf *b, int64_t span_us)
{
    static const struct {
        int64_t us;
        const char *name;
    } unit[] = {{US_PER_DAY, "day"}, {US_PER_H, "hour"}, {US_PER_MIN, "minute"}};
    if (span_us < 0)
        span_us = span_us == INT64_MIN ? INT64_MAX : -span_us;
    for (size_t i = 0; i < ARRAY_LEN(unit); i++) {
        /* Two days and more are told in days, two hours and more in hours. */
        int64_t n = span_us / unit[i].us;
        if (n >= 2 || (n == 1 && (i + 1 == ARRAY_LEN(unit) || span_us % unit[i].us == 0))) {
            buf_addf(b, "%lld %s%s", (long long)n, unit[i].name, n == 1 ? "" : "s");
            return;
        }
    }
    buf_adds(b, "less than a minute");
}

static int month_days(int year, int month)
{
    static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return n[month - 1] + (month == 2 && leap);
}

/* Reads exactly n digits at *at. */
static bool digits(struct str s, size_t *at, size_t n, int *ret)
{
    int v = 0;
    if (s.n < *at + n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s.p[*at + i];
        if (!ascii_is_digit(c))
            return false;
        v = v * 10 + (c - '0');
    }
    *at += n;
    *ret = v;
    return true;
}

static bool literal(struct str s, size_t *at, char c)
{
    if (*at >= s.n || ascii_lower(s.p[*at]) != c)
        return false;
    ++*at;
    return true;
}

static bool parse_offset(struct str s, size_t *at, int64_t *ret_us)
{
    int h, m;
    if (literal(s, at, 'z')) {
        *ret_us = 0;
        return true;
    }
    bool minus = *at < s.n && s.p[*at] == '-';
    if (!minus && !(*at < s.n && s.p[*at] == '+'))
        return false;
    ++*at;
    if (!digits(s, at, 2, &h) || !literal(s, at, ':') || !digits(s, at, 2, &m) || h > 23 || m > 59)
        return false;
    *ret_us = (h * US_PER_H + m * US_PER_MIN) * (minus ? -1 : 1);
    return true;
}

enum rc when_parse_rfc3339(struct str s, int64_t *ret_at_us, struct err *e)
{
    struct civil c = {0};
    size_t at = 0;
    int64_t offset_us;
    bool ok = digits(s, &at, 4, &c.year) && literal(s, &at, '-') && digits(s, &at, 2, &c.month) &&
              literal(s, &at, '-') && digits(s, &at, 2, &c.day) &&
              (literal(s, &at, 't') || literal(s, &at, ' ')) && digits(s, &at, 2, &c.hour) &&
              literal(s, &at, ':') && digits(s, &at, 2, &c.minute) && literal(s, &at, ':') &&
              digits(s, &at, 2, &c.second);
    if (ok && literal(s, &at, '.')) {
        int scale = 100000;
        size_t first = at;
        for (; at < s.n && ascii_is_digit(s.p[at]); at++, scale /= 10)
            c.micro += (s.p[at] - '0') * scale;
        ok = at > first;
    }
    ok = ok && parse_offset(s, &at, &offset_us) && at == s.n && c.month >= 1 && c.month <= 12 &&
         c.day >= 1 && c.day <= month_days(c.year, c.month) && c.hour < 24 && c.minute < 60 &&
         c.second <= 60;
    if (!ok)
        return err_set(e, RC_INVALID,
                       "a time as in 2026-11-25T15:08:00Z (RFC 3339) is wanted here");
    *ret_at_us = when_from_civil(&c) - offset_us;
    return RC_OK;
}

enum rc when_parse_span(struct str s, int64_t *ret_span_us, struct err *e)
{
    static const struct {
        char unit;
        int64_t us;
    } table[] = {{'s', US_PER_S},
                 {'m', US_PER_MIN},
                 {'h', US_PER_H},
                 {'d', US_PER_DAY},
                 {'w', 7 * US_PER_DAY}};
    for (size_t i = 0; s.n >= 2 && i < ARRAY_LEN(table); i++) {
        if (s.p[s.n - 1] != table[i].unit)
            continue;
        uint64_t n;
        TRY(num_parse(str_sub(s, 0, s.n - 1), 0, 36500, "duration", &n, e));
        *ret_span_us = (int64_t)n * table[i].us;
        return RC_OK;
    }
    return err_set(e, RC_INVALID, "a duration as in 30m, 24h, 14d or 2w is wanted here");
}
