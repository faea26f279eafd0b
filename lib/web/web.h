/* Web: request, reply, route, serve (design, "Routing", "Input", "Errors").
 *
 * A noun's .c file ends with its table of routes. serve does for each request: match -> who -> rate limit -> access -> input ->
 * handler -> render -> log -> reset. A handler gets typed, checked input and either fills the reply or returns an error,
 * which only serve renders, as RFC 9457 application/problem+json (or the error page on routes that answer HTML). */
#ifndef STOA_WEB_WEB_H
#define STOA_WEB_WEB_H

#include "base/buffer.h"
#include "base/context.h"
#include "metric/metric.h"
#include "net/net.h"
#include "pg/rows.h"
#include "text/json.h"
#include "text/template.h"
#include "text/url.h"
#include "web/target.h"
#include "who/audit.h"
#include "who/rate.h"
#include "who/who.h"

#include <stddef.h>

enum method { METHOD_GET = 1, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE };

/* Zero means refused: start-up refuses a table that contains it. */
enum access {
	ACCESS_UNSET,
	ACCESS_PUBLIC,      /* anyone */
	ACCESS_LOCAL,       /* clients of ops.allow only (metrics) */
	ACCESS_SESSION,     /* any signed-in person */
	ACCESS_PERMISSION,  /* who may do route->permission */
	ACCESS_PAGE,        /* a page for the signed-in: others are sent to /login */
	ACCESS_PAGE_PUBLIC  /* a page for anyone; who is resolved when a cookie is there */
};

enum field_place { IN_BODY, IN_QUERY, IN_PATH, IN_HEADER };

enum field_type {
	FIELD_TEXT,   /* const char *; least/most = code points; no control characters */
	FIELD_LINES,  /* const char *; as TEXT, line feeds and tabs allowed */
	FIELD_ID,     /* const char *; UUID */
	FIELD_EMAIL,  /* const char *; one @, no spaces, <= 254 bytes; kept as sent */
	FIELD_URL,    /* const char *; http or https */
	FIELD_INT,    /* int64_t; least/most = values */
	FIELD_BOOL,   /* bool */
	FIELD_ENUM,   /* const char *; one of `choices`, separated by '|' */
	FIELD_JSON,   /* struct json_object *; object or array; least/most bound its serialised bytes */
	FIELD_TEXTS,  /* struct json_object *; an array of strings, least/most items */
	FIELD_CURSOR  /* const char *; opaque, from a list's links */
};

/* One input (or reply) field. offset/present are offsets into the endpoint's own struct.
 *
 * Refused before the handler runs, naming the field: 400 for one that is unknown, repeated, of the wrong type (also: not a UUID,
 * not one of our cursors) or required and missing; 422 for one that breaks a rule (bounds, choices, e-mail, URL, control
 * characters). An absent field leaves the struct's zero. Queries, forms and headers spell booleans true/false (forms also on),
 * and may repeat a FIELD_TEXTS. A form's empty value counts as absent unless least is 0 and most is set. */
struct field {
	const char *name;      /* as on the wire: "subscriptionValue"; IN_HEADER: "If-Match" */
	enum field_place place;
	enum field_type type;
	bool required;
	bool nullable;         /* may be null; as input, null leaves the struct's zero */
	int64_t least, most;   /* both 0 = the type's default bounds (TEXT 1..255, LINES 1..5000, INT any, JSON 2..65536) */
	const char *choices;
	size_t offset;
	size_t present;        /* offset of a bool that tells whether the field was sent, also as null; 0 = none */
	const char *doc;       /* one line, with the unit */
};

#define FIELD_END {0}
/* Rows read: INPUT(struct start_input, user_id, "userId", IN_BODY, FIELD_TEXT, .required = true, .most = 255, .doc = "…") */
#define INPUT(type_, member_, name_, place_, kind_, ...) \
	{.name = (name_), .place = (place_), .type = (kind_), .offset = offsetof(type_, member_), __VA_ARGS__}
#define REPLY(name_, kind_, ...) {.name = (name_), .type = (kind_), __VA_ARGS__}

struct family;
struct budget;
struct entry;
struct rep;
struct req {
	struct ctx ctx;            /* first: handlers pass &req->ctx down */
	const struct route *route;
	const struct family *family;
	struct house house;
	struct net *net;           /* families with .outbound; else NULL */
	struct who who;
	void *input;               /* the route's input struct, zeroed, then filled */
	struct pairs path;         /* :id parameters */
	/* as received */
	const char *method, *uri_path, *query, *body;
	size_t body_length;
	const char *(*header)(const struct req *req, const char *name); /* "Content-Type"; NULL when absent */
	void *transport;           /* FCGX_Request, or a test's */
	const char *address;       /* the peer's address; dispatch puts the client's in its place behind a web.trusted_proxy */
	bool https;                /* as the peer sees it; likewise */
	/* set by dispatch */
	bool cookie;               /* who came from the page cookie: CSRF rules apply */
	int64_t start_us;          /* monotonic */
	bool waiting;              /* prefer_wait_ms() let it wait */
	int64_t accept_wait_us;    /* the transport's: how long it waited in line before */
	/* how it was measured (web/usage.h); 0 = not, or not yet */
	int64_t finished_us;       /* monotonic */
	int64_t cpu_from_us;       /* processor time, when it began with this request, of the thread that has it; 0: it is not looked at */
	int64_t cpu_us;            /* what other threads have taken */
	int64_t late_from_us, late_cpu_us; /* the same of the thread that completes a deferred one, until it is known who ends it */
	int64_t render_from_us;    /* monotonic: all that is left is making the reply */
	int order;                 /* in which it is shed (web/target.h) */
	/* dispatch's and the transport's, for reply_defer() */
	struct rep *rep;
	const struct entry *entry;
	bool deferred;
	enum err outcome;
	_Atomic int meeting;
	void (*answered)(struct req *req);
	void *waiter;
};

/* Appends the next part of a reply to out, some 100 KB of it, and tells whether it was the last. ctx is the part's own: what it holds is gone
 * before the next one. */
typedef enum err stream_more(struct ctx *ctx, const struct req *req, void *state, struct buffer *out, bool *done_out);

enum reply_body { BODY_NONE, BODY_JSON, BODY_HTML, BODY_TEXT };

#define REPLY_HEADERS 24
struct rep {
	int status;                /* 200 unless set */
	enum reply_body type;
	struct buffer body;        /* kept from request to request */
	struct { const char *name, *value; } headers[REPLY_HEADERS];
	int header_count;
	/* reply_stream()'s */
	stream_more *more;         /* makes the next part; NULL: body is the last */
	void *more_state;
	bool streams, cut;         /* counted; a later part failed: the body is not whole */
	size_t streamed;           /* bytes so far */
};

typedef enum err handler(struct req *req, struct rep *rep);

enum reply_shape {
	REPLY_NOTHING,  /* 204, or a redirect */
	REPLY_FIELDS,   /* an object of route->reply */
	REPLY_ROW,      /* {"data": {…}} one row of route->rows */
	REPLY_LIST,     /* {"data": […], "meta": {"limit", "next"}} rows of route->rows */
	REPLY_PAGE,     /* HTML */
	REPLY_PLAIN     /* text, with its own media type */
};

struct route {
	enum method method;
	const char *path;             /* "/api/v1/widget/flow/:id" */
	enum access access;
	enum permission permission;   /* for ACCESS_PERMISSION and ACCESS_PAGE */
	enum latency_class class;
	const struct field *input;    /* ends with FIELD_END; NULL = none: a body or query is then refused */
	size_t input_size;
	handler *run;
	enum reply_shape shape;
	const struct field *reply;    /* REPLY_FIELDS */
	const struct statement *rows; /* REPLY_ROW, REPLY_LIST: the schema comes from describing it; NULL = an item is route->reply */
	int status;                   /* of success; 0 = 200, or 204 for REPLY_NOTHING */
	const struct rate_limit *limit; /* counted by route and caller (a widget key: at its own rate_per_minute). NULL = the caller's
	                                 * default: by address, account or server key; widget keys are not counted. LIMIT_NONE = not counted */
	bool cors;                    /* widget routes: answers preflights and checks the key's origins */
	bool etag;                    /* the reply has an ETag: If-None-Match may be answered with 304 */
	int also;                     /* another status that answers the same body, or 0 */
	bool form;                    /* the body is application/x-www-form-urlencoded (pages) */
	bool raw;                     /* the body is the handler's to read, byte by byte: JSON of somebody else's, signed */
	bool one_click;               /* with form: also multipart/form-data, which is not read; a program sends it (RFC 8058, 3.2) */
	const char *media;            /* REPLY_PLAIN: its media type; NULL = text/plain */
	const struct budget *budget;  /* web/budget.h: its own, with the reason; NULL = the house's */
	const char *doc;              /* one line */
};

#define ROUTE_END {0}
extern const struct rate_limit LIMIT_NONE;

struct family {
	const char *name;                    /* "widget" */
	const char *doc;                     /* one sentence: the tag's description in the OpenAPI document */
	const struct route *const *tables;   /* NULL-ended; each ends with ROUTE_END */
	const struct conf_row *const *conf;  /* NULL-ended, or NULL */
	/* Called once after configuration, before threads; false: message_out. May be NULL. */
	bool (*open)(const struct house *house, char message_out[256]);
	void (*close)(void);
	bool templates;                      /* loads [web] templates for reply_page() */
	bool outbound;                       /* opens net for handlers */
};

/* The whole life of a responder: options (--routes, --version, --help, --config F), configuration, pools, socket or
 * mod_fcgid mode, SIGTERM, threads. Exit status for main(). */
int serve_main(int argc, char **argv, const struct family *family);

/* What serve_main() is made of, for family tests: open everything a family needs from configuration already loaded, and
 * dispatch one request without FastCGI. req must have ctx initialised and the fields "as received" set. */
void serve_conf(void); /* adds the configuration tables of the whole house: before conf_load(), once */
bool serve_open(const struct family *family, char message_out[256]);
void serve_close(void);
/* Answers one request: rep is reset, then filled in whatever happens. A fault that is already recorded in ctx (by the transport: a
 * body cut short or too large) is what gets answered. Call ctx_reset(&req->ctx) when the reply has been read. */
void dispatch(struct req *req, struct rep *rep);
/* As a transport sends it: "Status: 200 OK\r\n", headers, blank line and, unless the method was HEAD, the body. */
void reply_send(const struct req *req, const struct rep *rep, struct buffer *out);
void reply_free(struct rep *rep);

/* NULL when no route; methods_out (bit 1 << enum method) tells which methods the path has. Tables are compiled at start-up: the
 * match does not depend on the number of routes. */
const struct route *route_match(const struct family *family, enum method method, const char *path, struct ctx *ctx,
	struct pairs *path_out, unsigned *methods_out);
/* Refuses a family with an unset access, class, doc or handler, a duplicate row, or input rows that do not fit. */
bool route_check(const struct family *family, char message_out[256]);
const char *method_text(enum method method);

/* Reply helpers. */
void reply_header(struct rep *rep, const char *name, const char *value); /* value must outlive the reply: ctx memory or literal */
enum err reply_json(struct req *req, struct rep *rep, struct json_object *value);
/* Runs route->rows and renders it as the route's shape. Row: ERR_NOT_FOUND when there is none, `what` names it. List: the statement
 * must select limit + 1 rows with the cursor's columns first ("id" text unless the statement names "cursor"); more than limit rows
 * become meta.next. Always the last thing that a handler does: in the classes read and list a statement that only reads is asked
 * together with other requests' (pg/pipeline.h), and the reply deferred. */
enum err reply_row(struct req *req, struct rep *rep, const char *const *params, const char *what);
enum err reply_list(struct req *req, struct rep *rep, const char *const *params, int limit);
/* Renders templates/pages/<name> and then templates/layout, where {{{content}}} is the page. Adds to view (owned by ctx): csrf (text), language, who
 * (null for nobody, else {org_id, account_id, role, live, may: {"retention:write": true, …}}), request_id, path. Failures of page
 * routes render pages/error with status, title, detail, code. */
enum err reply_page(struct req *req, struct rep *rep, const char *name, struct json_object *view);
/* In the visitor's language: that of the person signed in, else the first of ours that the browser accepts; English is always there. */
const char *req_language(const struct req *req); /* "en", "de" */
/* A text of the house in that language (templates/<language>/): write tr(req, "Text") with the text itself, so that the house test finds it.
 * Its conversions for printf are the English text's. */
const char *tr(const struct req *req, const char *english) __attribute__((format_arg(2)));
/* Marks a text in a table, of which tr() gets the member. */
#define TR(english) english
enum err reply_redirect(struct req *req, struct rep *rep, int status, const char *location);
/* Weak comparison with If-None-Match; true: the reply is now 304 and the handler returns OK. Sets ETag either way. */
bool reply_etag(struct req *req, struct rep *rep, const char *etag);
/* The version in an If-Match: 3, "3", W/"3", also with the suffix that a web server gives the ETag of what it compresses ("3-gzip"). Digits, at
 * most 9; NULL: none. Memory of ctx. */
const char *etag_version(struct ctx *ctx, const char *etag);

/* A reply that is made while it is sent, so that its length does not matter. The first part is made at once: its error is answered like any
 * other. Later ones follow as the client takes them; where one fails the connection is cut, so that nobody takes the body for whole, and
 * the log says "stream.cut". The always last thing that a handler does. ERR_UNAVAILABLE with Retry-After when half of the threads
 * are at it already. state lives as long as req->ctx. dispatch() puts the whole into the body. */
enum err reply_stream(struct req *req, struct rep *rep, stream_more *more, void *state);
/* Rows of a keyset statement as a CSV file (pg/rows.h), streamed. One of reply_list() will do, as long as its columns may all be seen. */
struct csv_rows {
	const char *file;                  /* "sessions-2026-01-31.csv": for Content-Disposition, without quotes */
	const struct statement *statement; /* has a column "cursor", which is left out of the file, else "id": the next page's parameter */
	const char *const *params;         /* of the first page */
	int cursor, limit;                 /* which parameters ($n) are the cursor and the rows of a page */
};
enum err reply_csv(struct req *req, struct rep *rep, const struct csv_rows *rows);
/* The headers of such a file, for a reply that fills the body itself. */
void reply_file(struct req *req, struct rep *rep, const char *file);

/* For a handler whose reply hangs on work that others share, such as a commit: it fills the reply, calls reply_defer(), hands req over and
 * returns OK at once, touching neither req nor rep any more; its thread is then free for other requests. Whoever does the work calls
 * reply_complete() exactly once, from any thread, perhaps before the handler has returned. err is what the handler would have
 * returned, with its fault recorded in req->ctx. Works under every transport; dispatch() waits. */
void reply_defer(struct req *req);
void reply_complete(struct req *req, enum err err);

/* For handlers that can wait for an outcome: the milliseconds for which the client lets them (Prefer: wait, RFC 7240, 4.3), whole
 * seconds, at most 30 and a second less than the request has left. 0: answer now, because it asks for no wait, or because a quarter of the
 * threads wait already (so in a process with fewer than four nobody ever does). Otherwise the reply says Preference-Applied, and
 * the request is left out of the latency figures: the time is the client's choice. */
int prefer_wait_ms(struct req *req, struct rep *rep);
/* The seconds in a Prefer field, 30 at most; -1: none, or malformed. */
int prefer_wait_s(const char *text);
/* The row of input that documents it; the member is a const char *. */
#define INPUT_PREFER(type_, member_) \
	INPUT(type_, member_, "Prefer", IN_HEADER, FIELD_TEXT, .least = 0, .most = 4096, \
		.doc = "wait=N (RFC 7240): answers when the job is finished, or after N seconds, 30 at most")

/* Who makes the request, for a line of audit or an event; action, entity and entity_id are the caller's (NULL where a callee fills them in). */
struct audit audit_of(const struct req *req, const char *action, const char *entity, const char *entity_id);

/* CSRF token of this session, hex, bound to the access token in the cookie. */
const char *csrf_token(struct req *req);
/* The page cookie's name. */
#define PAGE_COOKIE "__Host-stoa"

extern const struct conf_row WEB_CONF[]; /* [web] and [ops] */

#endif
