/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page about a failure, for httpd itself and for core.  Runs in both; the reason is our own
 * text.
 */
#include "web/error_page.h"

#include "web/templates.h"

const char *http_status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {
        {400, "That request was not understood"},
        {403, "Not allowed"},
        {404, "Nothing here"},
        {405, "Not possible that way"},
        {409, "Somebody was faster"},
        {410, "No longer here"},
        {411, "Length required"},
        {413, "Too large"},
        {414, "Address too long"},
        {417, "Expectation failed"},
        {422, "Something is missing"},
        {429, "Too often"},
        {431, "Request too large"},
        {500, "A mistake on our side"},
        {501, "Not implemented"},
        {503, "Busy"},
        {504, "No answer in time"},
        {505, "Version not supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].status == status)
            return table[i].words;
    return "Something went wrong";
}

void error_page(struct buf *out, int status, struct str why)
{
    struct page_error page = {.status = status, .words = http_status_words(status), .why = why};
    tpl_error(out, &page);
}
