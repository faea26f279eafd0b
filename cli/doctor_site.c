#include "config.h"

#include "doctor.h"

#include "base/clock.h"
#include "net/net.h"
#include "text/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES 200000 /* more than mod_fcgid's default of 131,072 */
#define AT_ONCE 24
#define ROUNDS 3
#define STALL_US 900000   /* mod_fcgid lets a request without a process sleep for a whole second */

struct site_visit {
	struct doctor *doctor;
	struct ctx *ctx;
	struct net *net;
	const char *url; /* without a slash at its end */
};

static struct json_object *reply_of(struct ctx *ctx, const struct call *call)
{
	struct json_object *value = NULL;
	if (call->status != 200 || json_read(ctx, call->response, call->response_length, JSON_DEPTH, &value) != OK)
		ctx_forgive(ctx);
	return json_object_is_type(value, json_type_object) ? value : NULL;
}

static struct call call_make(const struct site_visit *visit, const char *method, const char *path)
{
	return (struct call){.peer = "site", .method = method, .url = arena_printf(&visit->ctx->arena, "%s%s", visit->url, path),
		.timeout_ms = 10000, .retry = {.attempts = 1}};
}

/* False: the site does not answer at all. */
static bool look_at_health(const struct site_visit *visit)
{
	struct call call = call_make(visit, "GET", "/health");
	if (net_call(visit->ctx, visit->net, &call) != OK) {
		doctor_bad(visit->doctor, "site", "Start the web server and stoa-ops, or correct --url.", "%s: %s", call.url, call.trouble);
		ctx_forgive(visit->ctx);
		return false;
	}
	if (call.status != 200 || !reply_of(visit->ctx, &call))
		doctor_bad(visit->doctor, "site", "See that the web server hands /health to stoa-ops; its log and Stoa's say more.",
			"%s answers %d", call.url, call.status);
	else
		doctor_good(visit->doctor, "site", "%s answers", call.url);
	return call.status == 200;
}

static int64_t time_parse(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	return rest ? (int64_t)timegm(&tm) : 0;
}

static void look_at_probe(const struct site_visit *visit)
{
	struct call call = call_make(visit, "GET", "/api/v1/ops/probe");
	call.headers[0] = "Authorization: Bearer doctor";
	enum err err = net_call(visit->ctx, visit->net, &call);
	struct json_object *reply = err == OK ? reply_of(visit->ctx, &call) : NULL;
	if (!reply) {
		ctx_forgive(visit->ctx);
		doctor_bad(visit->doctor, "probe", "See that the web server hands /api/v1/ops to stoa-ops.", "%s answers %d", call.url, call.status);
		return;
	}
	if (json_flag(reply, "authorization", false))
		doctor_good(visit->doctor, "authorization", "the header arrives");
	else
		doctor_bad(visit->doctor, "authorization", "Apache: set \"CGIPassAuth On\" (also in .htaccess) or \"FcgidPassHeader Authorization\".",
			"the web server strips the Authorization header: no token will work");
	int64_t theirs_s = time_parse(json_text(reply, "time", NULL)), off_s = llabs(theirs_s - clock_wall_s());
	if (off_s > 2)
		doctor_bad(visit->doctor, "site's clock", "Run an NTP client on both machines.", "it differs from ours by %lld s", (long long)off_s);
	else
		doctor_good(visit->doctor, "site's clock", "agrees with ours");
	if (!strncmp(visit->url, "https", 5) && !json_flag(reply, "https", false))
		doctor_bad(visit->doctor, "https", "Behind a TLS proxy: name it in web.trusted_proxy and let it send X-Forwarded-Proto.",
			"the responder takes the request for plain HTTP");
}

static void look_at_body(const struct site_visit *visit)
{
	struct call call = call_make(visit, "POST", "/api/v1/ops/probe");
	char *body = arena_alloc(&visit->ctx->arena, BODY_BYTES + 32);
	size_t length = (size_t)snprintf(body, 32, "{\"fill\":\"");
	memset(body + length, 'x', BODY_BYTES);
	memcpy(body + length + BODY_BYTES, "\"}", 3);
	call.headers[0] = "Content-Type: application/json";
	call.body = body;
	call.body_length = length + BODY_BYTES + 2;
	enum err err = net_call(visit->ctx, visit->net, &call);
	struct json_object *reply = err == OK ? reply_of(visit->ctx, &call) : NULL;
	ctx_forgive(visit->ctx);
	if (reply && json_int(reply, "bytes", 0) == (int64_t)call.body_length)
		doctor_good(visit->doctor, "body limit", "a body of %zu bytes arrives whole", call.body_length);
	else
		doctor_bad(visit->doctor, "body limit", "Apache: raise FcgidMaxRequestLen (server or virtual host; a shared host may refuse) or "
			"LimitRequestBody; lighttpd: server.max-request-size. Then see web.max_body.",
			"a body of %zu bytes is answered with %d", call.body_length, call.status);
}

struct knock {
	pthread_t thread;
	struct net *net;
	const char *url;
	int number, status;
	int64_t took_us;
};

static void *knock_run(void *argument)
{
	struct knock *knock = argument;
	struct ctx ctx;
	char peer[32];
	snprintf(peer, sizeof peer, "site %d", knock->number);
	ctx_init(&ctx);
	for (int i = 0; i < ROUNDS; i++) {
		struct call call = {.peer = peer, .method = "OPTIONS", .url = knock->url, .timeout_ms = 20000, .retry = {.attempts = 1}};
		int64_t start_us = clock_mono_us();
		enum err err = net_call(&ctx, knock->net, &call);
		int64_t took_us = clock_mono_us() - start_us;
		knock->status = err == OK ? call.status : 0;
		knock->took_us = took_us > knock->took_us ? took_us : knock->took_us;
		ctx_reset(&ctx);
		if (knock->status != 204)
			break;
	}
	ctx_free(&ctx);
	return NULL;
}

struct knocked {
	int started, failed;
	int64_t longest_us;
};

/* OPTIONS of the widget: it is not counted by any limit and touches nothing but the responder. */
static struct knocked knock_at_once(const struct site_visit *visit)
{
	struct knock knocks[AT_ONCE];
	struct knocked all = {0};
	const char *url = arena_printf(&visit->ctx->arena, "%s/api/v1/widget/start", visit->url);
	for (; all.started < AT_ONCE; all.started++) {
		knocks[all.started] = (struct knock){.net = visit->net, .url = url, .number = all.started};
		if (pthread_create(&knocks[all.started].thread, NULL, knock_run, &knocks[all.started]))
			break;
	}
	for (int i = 0; i < all.started; i++) {
		pthread_join(knocks[i].thread, NULL);
		all.failed += knocks[i].status != 204;
		all.longest_us = knocks[i].took_us > all.longest_us ? knocks[i].took_us : all.longest_us;
	}
	return all;
}

/* So many requests at once that a site with too few processes for the widget makes one of them wait. */
static void look_at_processes(const struct site_visit *visit)
{
	/* The first time mod_fcgid starts its processes, which is slow whatever their number. After it, too few processes show every time and
	 * a machine that is busy with something else does not. */
	knock_at_once(visit);
	struct knocked all = knock_at_once(visit);
	for (int again = 0; again < 3 && !all.failed && all.longest_us > STALL_US; again++)
		all = knock_at_once(visit);
	if (all.failed || all.longest_us > STALL_US)
		doctor_bad(visit->doctor, "processes", "mod_fcgid: keep as many processes ready as 1.5 times the requests at once that you expect "
			"(MinProcesses = MaxProcesses, FcgidSpawnScoreUpLimit 1000), or use mod_proxy_fcgi.",
			"of %d requests at once %d failed and the slowest took %.1f s", all.started, all.failed, (double)all.longest_us / 1000000);
	else
		doctor_good(visit->doctor, "processes", "%d requests at once, the slowest took %.0f ms", all.started, (double)all.longest_us / 1000);
}

void doctor_site(struct doctor *doctor, const char *url)
{
	struct ctx *ctx = &doctor->cli->ctx;
	size_t length = strlen(url);
	struct site_visit visit = {.doctor = doctor, .ctx = ctx, .net = net_open(),
		.url = arena_memdup(&ctx->arena, url, length && url[length - 1] == '/' ? length - 1 : length)};
	if (visit.net && look_at_health(&visit)) {
		look_at_probe(&visit);
		look_at_body(&visit);
		look_at_processes(&visit);
	}
	if (visit.net)
		net_close(visit.net);
}
