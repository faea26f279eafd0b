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

/* Renders pages/<name> with title (an English text of the house), the assets and, for the signed-in, their organisation and name. view is owned by ctx. */
enum err page_show(struct req *req, struct rep *rep, const char *name, const char *title, struct json_object *view);
struct json_object *page_view(struct req *req);
/* NULL text: null, for which a template looks into no outer context. */
void page_text(struct json_object *view, const char *name, const char *text);
void page_flag(struct json_object *view, const char *name, bool flag);

/* Adds name for machines and name_text for people, from a time in UTC as PostgreSQL writes it; NULL: both are null. */
void page_stamp(struct req *req, struct json_object *view, const char *name, const char *stamp);

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

/* As the visitor's language writes them (fcgi/pages/locale.c); memory of the request. */
const char *page_money(struct req *req, int64_t minor, const char *currency); /* minor units: "EUR 1,234.50", "1.234,50 EUR" */
const char *page_number(struct req *req, int64_t number);                     /* "1,234", "1.234" */
const char *page_decimal(struct req *req, double number, int digits);         /* "1,234.5", "1.234,5"; not finite: "–" */
const char *page_percent(struct req *req, int64_t part, int64_t whole);       /* "48.7 %", "48,7 %"; of nothing: "–" */
const char *page_day(struct req *req, const char *day);                       /* "2026-01-31": "31 Jan 2026", "31.01.2026" */
/* Of a time in UTC as PostgreSQL or JSON writes it ("2026-01-31 14:05:06.789+00", "2026-01-31T14:05:06Z"), in the person's zone, without
 * seconds: "31 Jan 2026, 15:05". What is no such time comes back as it is. */
const char *page_time(struct req *req, const char *stamp);

#endif
