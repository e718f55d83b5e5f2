/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /metrics of the team's pages.  Runs in core; the request is hostile, and whoever has neither a
 * session nor the token learns nothing.
 */
#include "desk/metrics.h"
#include "web/gate.h"

void route_metrics(struct visit *v)
{
    struct http_response *r = v->r;
    r->content_type = METRICS_TYPE;
    if (!v->signed_in && !metrics_bearer_ok(v->w->desk, v->q->authorization)) {
        r->status = 401;
        r->content_type = "text/plain; charset=utf-8";
        buf_adds(&r->body, "Sign in, or send the token of metrics.token_file.\n");
        return;
    }
    if (metrics_text(v->w->desk, &r->body, &v->e) != RC_OK) {
        buf_reset(&r->body);
        r->status = rc_http(v->e.rc);
        buf_adds(&r->body, "# the store did not answer\n");
        return;
    }
    r->status = 200;
}
