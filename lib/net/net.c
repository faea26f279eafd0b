#include "net/net.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "metric/metric.h"
#include "net/peer.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct conf_row NET_CONF[] = {
	{"net.connect_timeout", CONF_DURATION, "3s", false, 1, 600000, "wait for an outbound connection, with TLS"},
	{"net.timeout", CONF_DURATION, "10s", false, 1, 600000, "one outbound attempt where the caller names no other"},
	{"net.per_peer", CONF_INT, "16", false, 1, 10000, "outbound calls to one peer at once"},
	{"net.breaker_failures", CONF_INT, "5", false, 1, 1000, "failures in a row after which a peer is left alone"},
	{"net.breaker_pause", CONF_DURATION, "5s", false, 1, 3600000, "pause before it is tried again"},
	{"net.idle", CONF_INT, "16", false, 0, 1000, "outbound connections kept for reuse"},
	{"net.private_allowed", CONF_STRING, "", false, 0, 0, "addresses and networks that users' URLs may lead to though they are not public"},
	{"net.ca_file", CONF_PATH, "", false, 0, 0, "certificates to trust; empty = the system's"},
	CONF_END,
};

#define HEADER_BYTES_MOST 65536
#define BODY_BYTES ((size_t)1 << 20)

/* One attempt. */
struct attempt {
	struct ctx *ctx;
	struct call *call;
	struct buffer body;
	size_t header_bytes;
	int sockets_refused, sockets_opened;
	bool oversized;
};

struct net *net_open(void)
{
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	struct net *net = calloc(1, sizeof *net);
	char message[256];
	if (!net)
		abort();
	if (!guard_open(message))
		LOG(LOG_ERROR, "net.private_allowed", LOG_T("message", message));
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&net->landed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&net->mutex, NULL);
	net->rule = (struct breaker_rule){(int)conf_int("net.breaker_failures"), conf_ms("net.breaker_pause")};
	net->per_peer = (int)conf_int("net.per_peer");
	net->connect_ms = conf_ms("net.connect_timeout");
	net->timeout_ms = conf_ms("net.timeout");
	net->ca_file = conf_string("net.ca_file");
	net->idle_most = (int)conf_int("net.idle");
	net->idle = calloc((size_t)net->idle_most + 1, sizeof *net->idle);
	if (!net->idle)
		abort();
	return net;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	for (int i = 0; i < net->idle_count; i++)
		curl_easy_cleanup(net->idle[i].curl);
	for (struct peer *peer = net->peers, *next; peer; peer = next) {
		next = peer->next;
		free(peer);
	}
	free(net->idle);
	pthread_cond_destroy(&net->landed);
	pthread_mutex_destroy(&net->mutex);
	free(net);
	curl_global_cleanup();
}

int retry_wait_ms(const struct retry_policy *policy, int attempt)
{
	int64_t wait = policy->base_ms;
	for (int i = 1; i < attempt && wait < policy->cap_ms; i++)
		wait *= 2;
	if (wait > policy->cap_ms)
		wait = policy->cap_ms;
	if (wait <= 1)
		return (int)(wait < 0 ? 0 : wait);
	int64_t half = wait - wait / 2;
	return (int)(half + randombytes_uniform((uint32_t)(wait / 2 + 1)));
}

const char *call_header(const struct call *call, const char *name_lower)
{
	for (int i = 0; i < call->response_header_count; i++)
		if (strcmp(call->response_headers[i].name, name_lower) == 0)
			return call->response_headers[i].value;
	return NULL;
}

static curl_socket_t open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = argument;
	if (purpose != CURLSOCKTYPE_IPCXN || (attempt->call->guard && !guard_address(&address->addr))) {
		attempt->sockets_refused++;
		return CURL_SOCKET_BAD;
	}
	attempt->sockets_opened++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *data, size_t size, size_t count, void *argument)
{
	struct attempt *attempt = argument;
	size_t most = attempt->call->most_bytes ? attempt->call->most_bytes : BODY_BYTES;
	if (attempt->body.length + size * count > most) {
		attempt->oversized = true;
		return 0;
	}
	buffer_add(&attempt->body, data, size * count);
	return size * count;
}

static void add_header(struct attempt *attempt, const char *line, size_t length)
{
	struct call *call = attempt->call;
	const char *colon = memchr(line, ':', length);
	if (!colon || colon == line || call->response_header_count == CALL_RESPONSE_HEADERS)
		return;
	char *name = arena_memdup(&attempt->ctx->arena, line, (size_t)(colon - line));
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	const char *value = colon + 1, *end = line + length;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	call->response_headers[call->response_header_count].name = name;
	call->response_headers[call->response_header_count++].value =
		arena_memdup(&attempt->ctx->arena, value, (size_t)(end - value));
}

static size_t take_header(char *data, size_t size, size_t count, void *argument)
{
	struct attempt *attempt = argument;
	size_t length = size * count;
	attempt->header_bytes += length;
	if (attempt->header_bytes > HEADER_BYTES_MOST) {
		attempt->oversized = true;
		return 0;
	}
	if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
		attempt->call->response_header_count = 0; /* an interim response came before this one */
	else
		add_header(attempt, data, length);
	return length;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return true;
	return false;
}

static bool clean(const struct call *call)
{
	if (has_control(call->url) || !*call->method)
		return false;
	for (const char *at = call->method; *at; at++)
		if (!isupper((unsigned char)*at))
			return false;
	for (int i = 0; i < CALL_HEADERS && call->headers[i]; i++)
		if (has_control(call->headers[i]) || !strchr(call->headers[i], ':'))
			return false;
	return true;
}

static struct curl_slist *header_list(struct ctx *ctx, const struct call *call)
{
	struct curl_slist *list = NULL;
	for (int i = 0; i < CALL_HEADERS && call->headers[i]; i++) {
		const char *line = call->headers[i];
		const char *colon = strchr(line, ':');
		if (colon[1 + strspn(colon + 1, " \t")] == '\0') /* libcurl's spelling of an empty value */
			line = arena_printf(&ctx->arena, "%.*s;", (int)(colon - line), line);
		list = curl_slist_append(list, line);
	}
	/* libcurl would wait for "100 Continue" and invent a content type. */
	list = curl_slist_append(list, "Expect:");
	bool typed = false;
	for (int i = 0; i < CALL_HEADERS && call->headers[i]; i++)
		typed |= strncasecmp(call->headers[i], "content-type:", 13) == 0;
	return typed ? list : curl_slist_append(list, "Content-Type:");
}

static void set_limits(CURL *curl, const struct net *net, const struct call *call, int timeout_ms)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, call->guard ? "https" : "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* else a timeout waits for a stalled name server all the same */
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* not even from the environment */
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)net->connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "Stoa");
	if (*net->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, net->ca_file);
	/* libcurl repeats a request when a kept connection dies before the first byte of the answer. */
	if (!call->safe)
		curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_request(CURL *curl, const struct call *call, struct attempt *attempt, struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_URL, call->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (strcmp(call->method, "HEAD") == 0) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	} else if (call->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_length);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	} else if (strcmp(call->method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);
}

static void forget_response(struct call *call)
{
	call->status = 0;
	call->response = NULL;
	call->response_length = 0;
	call->response_header_count = 0;
	call->trouble[0] = '\0';
}

static enum err judge(struct attempt *attempt, CURLcode code, long status)
{
	struct call *call = attempt->call;
	if (code == CURLE_OK && status >= 200 && status <= 999) {
		call->status = (int)status;
		call->response = arena_memdup(&attempt->ctx->arena, attempt->body.data ? attempt->body.data : "", attempt->body.length);
		call->response_length = attempt->body.length;
		return OK;
	}
	forget_response(call);
	const char *why = curl_easy_strerror(code);
	enum err err = ERR_UPSTREAM;
	if (attempt->sockets_refused > 0 && attempt->sockets_opened == 0) {
		why = "the address is not a public one";
		err = ERR_INVALID;
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		why = "no answer in time";
		err = ERR_TIMEOUT;
	} else if (attempt->oversized) {
		why = "the answer is too long";
	} else if (code == CURLE_OK) {
		why = "the answer is not HTTP";
	}
	snprintf(call->trouble, sizeof call->trouble, "%s", why);
	return err;
}

/* unsent_out: it failed before a byte of the request left. */
static enum err attempt_once(struct ctx *ctx, struct net *net, struct call *call, int timeout_ms, bool *unsent_out)
{
	struct attempt attempt = {.ctx = ctx, .call = call};
	struct line line;
	*unsent_out = true;
	forget_response(call);
	if (!line_take(net, call->url, call->guard, &line)) {
		snprintf(call->trouble, sizeof call->trouble, "the URL is malformed");
		return ERR_INVALID;
	}
	struct curl_slist *headers = header_list(ctx, call);
	set_limits(line.curl, net, call, timeout_ms);
	set_request(line.curl, call, &attempt, headers);
	FAIL_POINT_CALL(call->peer, call->method, "before");
	CURLcode code = curl_easy_perform(line.curl);
	FAIL_POINT_CALL(call->peer, call->method, "after");
	long status = 0;
	curl_easy_getinfo(line.curl, CURLINFO_RESPONSE_CODE, &status);
	enum err err = judge(&attempt, code, status);
	*unsent_out = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT;
	call->tries++;
	line_give(net, &line, code == CURLE_OK);
	curl_slist_free_all(headers);
	buffer_free(&attempt.body);
	return err;
}

static bool server_failed(const struct call *call)
{
	return call->status >= 500 && call->status != 501;
}

static bool wants_again(const struct call *call, enum err err, bool unsent)
{
	if (err == ERR_INVALID || call->tries >= call->retry.attempts || (!call->safe && !unsent))
		return false;
	if (err != OK)
		return true;
	return call->again ? call->again(call) : call->status == 408 || call->status == 429 || server_failed(call);
}

/* False: there is no time for it. */
static bool wait_for_next(struct ctx *ctx, const struct call *call)
{
	int64_t wait = retry_wait_ms(&call->retry, call->tries);
	const char *after = call_header(call, "retry-after");
	if (after && isdigit((unsigned char)*after)) {
		errno = 0;
		long long asked = strtoll(after, NULL, 10);
		if (errno || asked > 86400)
			asked = 86400;
		if (asked * 1000 > wait)
			wait = asked * 1000;
	}
	if (ctx->deadline_us ? wait >= ctx_left_ms(ctx, INT32_MAX) : wait > 60000)
		return false;
	struct timespec rest = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
	while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
		;
	return true;
}

static enum err attempt_all(struct ctx *ctx, struct net *net, struct call *call, struct peer *peer)
{
	for (;;) {
		int timeout_ms = ctx_left_ms(ctx, call->timeout_ms > 0 ? call->timeout_ms : net->timeout_ms);
		bool unsent;
		if (timeout_ms < 1) {
			snprintf(call->trouble, sizeof call->trouble, "no time is left");
			return ERR_TIMEOUT;
		}
		enum err err = attempt_once(ctx, net, call, timeout_ms, &unsent);
		if (!call->unbroken)
			breaker_report(&peer->breaker, &net->rule, err == ERR_INVALID || (err == OK && !server_failed(call)));
		if (!wants_again(call, err, unsent) || !wait_for_next(ctx, call))
			return err;
	}
}

/* Peers are named "<kind>:<whose>". */
static void outbound_took(const struct call *call, enum err err, int64_t us)
{
	char labels[96];
	snprintf(labels, sizeof labels, "kind=\"%.*s\",result=\"%s\"", (int)strcspn(call->peer, ":"), call->peer, err == OK ? "answered" : "failed");
	histogram_observe(metric_histogram("stoa_outbound_seconds", labels, "Calls to other services, with their repetitions."), us);
}

enum err net_call(struct ctx *ctx, struct net *net, struct call *call)
{
	const char *reason = NULL;
	forget_response(call);
	call->tries = 0;
	if (!clean(call))
		return fail(ctx, ERR_INVALID, "The request to be sent is malformed");
	if (call->guard && !guard_url(call->url, &reason)) {
		snprintf(call->trouble, sizeof call->trouble, "%s", reason);
		return fail(ctx, ERR_INVALID, "%s", reason);
	}
	struct span span = span_begin(ctx);
	int64_t patience_us = span.start_us + ctx_left_ms(ctx, net->timeout_ms) * INT64_C(1000);
	struct peer *peer = peer_enter(net, call->peer, call->unbroken, patience_us, &reason);
	if (!peer) {
		outbound_took(call, ERR_UNAVAILABLE, span_end(ctx, &span, SPENT_OUTBOUND));
		snprintf(call->trouble, sizeof call->trouble, "%s", reason);
		return fail(ctx, ERR_UNAVAILABLE, "The service behind this one is not available: %s", reason);
	}
	enum err err = attempt_all(ctx, net, call, peer);
	peer_leave(net, peer);
	outbound_took(call, err, span_end(ctx, &span, SPENT_OUTBOUND));
	if (err == OK)
		return OK;
	enum err failed = fail(ctx, err, "The service behind this one did not answer: %s", call->trouble);
	ctx_explain(ctx, "%s %s %s, tries %d", call->peer, call->method, call->trouble, call->tries);
	return failed;
}
