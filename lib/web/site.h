/* Private to lib/web: what the open responder holds, and the steps of a request. */
#ifndef STOA_WEB_SITE_H
#define STOA_WEB_SITE_H

#include "net/networks.h"
#include "pg/pipeline.h"
#include "web/admit.h"
#include "web/brownout.h"
#include "web/web.h"

#include <stdatomic.h>

/* Languages of the pages; the first is English. */
#define PAGE_LANGUAGES 2

/* Why a request was refused: "full", "late", "brownout". */
enum shed_reason { SHED_FULL, SHED_LATE, SHED_BROWNOUT, SHED_REASONS };

struct usage;
/* A route with its series. */
struct entry {
	const struct route *route;
	const struct target *target; /* of its class */
	struct counter *status[6]; /* by status / 100; 0 and 1 unused */
	struct counter *shed[SHED_REASONS]; /* of its class */
	struct histogram *duration;
	struct usage *usage;
};

/* The compiled tables of a family; lives as long as the process. NULL: message_out says why they are refused. */
struct router;
const struct router *router_of(const struct family *family, char message_out[256]);
void router_metrics(const struct router *router); /* registers the series */
const struct entry *router_match(const struct router *router, enum method method, const char *path, struct ctx *ctx,
	struct pairs *path_out, unsigned *methods_out);

struct site {
	const struct family *family;
	const struct router *router;
	struct house house;
	struct net *net;
	struct pipeline *pipeline; /* NULL: a process with one thread asks for itself */
	struct template_set *templates[PAGE_LANGUAGES]; /* NULL: this program has no pages */
	struct catalogue *catalogues[PAGE_LANGUAGES];   /* NULL: English */
	struct entry unmatched;
	struct histogram *pool_wait;
	struct counter *replica_reads, *primary_reads; /* NULL: no replicas are named */
	struct counter *cache_hits, *cache_misses;
	struct networks local, proxies;
	char origin[264];          /* of web.public_url, or empty */
	int64_t max_body;
	int64_t deadline_us, slow_us;
	int deadline_factor;
	int64_t late_us;           /* a wait for a thread or a connection that says that there are too few */
	atomic_uint last, last_late; /* requests of order SHED_LAST in this second, and those of them that had such a wait or were refused */
	struct places places;
	struct rate_limit anonymous, session, server_key;
	atomic_int in_flight;
	atomic_int waiting;        /* requests that prefer_wait_ms() let wait */
	int waiting_most;
	atomic_int streams;        /* replies with parts to come */
	int streams_most;
};
/* Watches the replicas that are named. */
void reads_open(struct site *site);
struct site *site_one(void); /* the responder's only one */
const char *page_language(int index); /* "en", "de" */

/* Steps of dispatch, in order. */
enum err access_who(struct req *req);
enum err access_origin(struct req *req, struct rep *rep);
enum err access_rate(struct req *req);
enum err access_check(struct req *req);
/* Answers a CORS preflight. */
enum err access_preflight(struct req *req, struct rep *rep);
enum err input_read(struct req *req);
/* Whether replicas may answer it; and, before it is answered, that it wrote. */
void reads_begin(struct req *req);
void reads_end(struct req *req, const struct site *site);
void problem_render(struct req *req, struct rep *rep, enum err err);

/* Pairs of a form body. */
enum err input_form(struct req *req, struct pairs *pairs_out);
/* True when the body's media type is this one; parameters are ignored, save a charset other than UTF-8. */
bool input_media(const struct req *req, const char *type);

bool reply_has(const struct rep *rep, const char *name);
/* Opaque cursor text for a value, bound to the route; and back, or NULL. Memory of ctx. */
const char *cursor_make(struct ctx *ctx, const struct route *route, const char *value);
const char *cursor_read(struct ctx *ctx, const struct route *route, const char *text);

/* The next part of a streamed reply, in place of the body. False: there was none, or it failed (rep->cut). */
bool reply_more(struct req *req, struct rep *rep);
/* A reply, streamed or not, is sent or given up. */
void reply_over(struct req *req, struct rep *rep);

/* A request that may have waited is answered. */
void prefer_done(struct req *req);

/* The steps of dispatch() for a transport. First the route is found: the order in which to shed the request, or SHED_ANSWERED when it needs no
 * handler (no such route, a part that is switched off, a fault of the body). */
#define SHED_ANSWERED (-1)
int dispatch_match(struct req *req, struct rep *rep);
/* Then it is answered; false when the reply is deferred, and req->answered(req) is called when it is there, by another thread. */
bool dispatch_begin(struct req *req, struct rep *rep);
/* Or it is refused with 503 and Retry-After. Counted, but not logged one by one. */
void dispatch_refuse(struct req *req, struct rep *rep, enum shed_reason reason);

/* Accepts and answers until SIGTERM. False: message_out. */
bool fastcgi_run(struct site *site, char message_out[256]);

#endif
