/* Outbound HTTP on libcurl (design, "Outbound"): reused connections, deadline, retry of what is safe, breaker and a cap on
 * calls in flight per peer, and a guard for URLs that a user supplied. */
#ifndef STOA_NET_NET_H
#define STOA_NET_NET_H

#include "base/context.h"
#include "conf/conf.h"

struct net;

extern const struct conf_row NET_CONF[]; /* [net] connect_timeout, timeout, per_peer (calls in flight), breaker_failures, breaker_pause, ca_file */

struct net *net_open(void);
void net_close(struct net *net);

/* Backoff: wait = base * 2^(attempt-1), at most cap, times a jitter between 50 % and 100 %. */
struct retry_policy {
	int attempts;  /* in all; 1 = never repeat */
	int base_ms;
	int cap_ms;
};
int retry_wait_ms(const struct retry_policy *policy, int attempt);

#define CALL_HEADERS 16

struct call {
	/* in */
	const char *peer;                 /* breaker and cap are kept by this name, e.g. "stripe:<org>" */
	const char *method;
	const char *url;
	const char *headers[CALL_HEADERS]; /* "Name: value", NULL-ended */
	const char *body;                 /* NULL = none */
	size_t body_length;
	int timeout_ms;                   /* one attempt; the ctx deadline caps the whole */
	size_t most_bytes;                /* of the response body; 0 = 1 MiB */
	bool guard;                       /* https only, no redirect, public addresses only, checked when the socket opens */
	bool safe;                        /* may be repeated: idempotent, or carries an idempotency key */
	struct retry_policy retry;
	/* Decides on a complete response: true = repeat (if safe and attempts are left). NULL: 408, 429, 5xx but 501. A
	 * connection error always asks for a repeat. */
	bool (*again)(const struct call *call);

	/* out; memory of ctx */
	int status;                       /* 0 = no response */
	const char *response;             /* NUL-ended */
	size_t response_length;
	struct { const char *name, *value; } response_headers[64]; /* names in lower case */
	int response_header_count;
	int tries;
	char trouble[128];                /* why there is no response, for the log and a reason shown to owners */
};

/* OK when a response came, whatever its status. ERR_UPSTREAM: none came (DNS, refused, reset, cut, nonsense, too long).
 * ERR_TIMEOUT: the last attempt ran out of time. ERR_UNAVAILABLE: breaker open, or no place under the cap before the
 * deadline. ERR_INVALID: the guard refused the URL or the address; no connection was made. */
enum err net_call(struct ctx *ctx, struct net *net, struct call *call);

const char *call_header(const struct call *call, const char *name_lower);

/* The guard's two parts, for validating input early and for tests. Any spelling that the resolver takes. */
bool guard_url(const char *url, const char **reason_out);
struct sockaddr;
bool guard_address(const struct sockaddr *address);

#endif
