/* What the pages share: the view that the layout needs, assets by their content hash, session cookies. */
#ifndef STOA_PAGES_PAGE_H
#define STOA_PAGES_PAGE_H

#include "identity/identity.h"
#include "web/web.h"

/* Reads web.assets/manifest.json, which tools/build-assets writes. False: message_out. */
bool assets_open(const struct house *house, char message_out[256]);
/* "/assets/widget.0123abcd.js" for "widget.js"; NULL when the manifest has no such asset. Lives as long as the process. */
const char *asset_path(const char *name);

/* "https://stoa.example": web.public_url, else what the browser asked for. */
const char *page_origin(struct req *req);

/* Renders pages/<name> with title, the assets and, for the signed-in, their organisation and name. view is owned by ctx. */
enum err page_show(struct req *req, struct rep *rep, const char *name, const char *title, struct json_object *view);
struct json_object *page_view(struct req *req);
void page_text(struct json_object *view, const char *name, const char *text); /* NULL text: nothing is added */

/* Puts what went wrong into the view as {error} and the reply's status, when it is something the person can mend on the
 * same page; other errors are returned. */
enum err page_fault(struct req *req, struct rep *rep, enum err err, struct json_object *view);

struct client page_client(struct req *req);
void cookie_set(struct req *req, struct rep *rep, const struct session_tokens *tokens);
void cookie_clear(struct rep *rep);
/* The refresh token's cookie, or NULL. */
const char *cookie_refresh(struct req *req);
/* A path of this site, else "/". */
const char *page_next(struct req *req, const char *next);

/* "EUR 1,234.50" for minor units. Memory of ctx. */
const char *money_text(struct ctx *ctx, int64_t minor, const char *currency);

#endif
