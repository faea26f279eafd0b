/* Outbound HTTP on libcurl (design, "Outbound"): reused connections, deadline, retry of what is safe, breaker and a cap on
 * calls in flight per peer, and a guard for URLs that a user supplied. Never follows a redirect, never takes a proxy from the
 * environment. */
#ifndef STOA_NET_NET_H
#define STOA_NET_NET_H

#include "base/context.h"
#include "conf/conf.h"

struct net;

/* [net] connect_timeout, timeout, per_peer (calls in flight), breaker_failures, breaker_pause, idle (connections kept), ca_file,
 * private_allowed */
extern const struct conf_row NET_CONF[];

struct net *net_open(void);
/* No call may be under way. */
void net_close(struct net *net);

/* Backoff: wait = base * 2^(attempt-1), at most cap, times a jitter between 50 % and 100 %. attempt counts those made; 1 = the
 * first has failed. */
struct retry_policy {
	int attempts;  /* in all; 1 = never repeat */
	int base_ms;
	int cap_ms;
};
int retry_wait_ms(const struct retry_policy *policy, int attempt);

#define CALL_HEADERS 16
#define CALL_RESPONSE_HEADERS 64 /* more are dropped; more than 64 KiB of them is ERR_UPSTREAM */

struct call {
	/* in */
	const char *peer;                 /* breaker and cap are kept by this name, e.g. "stripe:<org>" */
	const char *method;
	const char *url;
	const char *headers[CALL_HEADERS]; /* "Name: value", NULL-ended */
	const char *body;                 /* NULL = none */
	size_t body_length;
	int timeout_ms;                   /* one attempt, 0 = net.timeout; the ctx deadline caps the whole */
	size_t most_bytes;                /* of the response body; 0 = 1 MiB */
	bool guard;                       /* https only, public addresses only, checked when the socket opens */
	bool unbroken;                    /* the caller has a backoff of its own: the peer's breaker is neither asked nor told */
	bool safe;                        /* may be repeated: idempotent, or carries an idempotency key */
	struct retry_policy retry;
	/* Decides on a complete response: true = repeat (if safe and attempts are left). NULL: 408, 429, 5xx but 501. Trouble
	 * without a response always asks for a repeat; trouble before anything was sent also when not safe. A Retry-After in
	 * seconds lengthens the wait; a wait beyond the deadline ends the call with what there is. */
	bool (*again)(const struct call *call);

	/* out; memory of ctx */
	int status;                       /* 0 = no response */
	const char *response;             /* NUL-ended */
	size_t response_length;
	struct { const char *name, *value; } response_headers[CALL_RESPONSE_HEADERS]; /* names in lower case */
	int response_header_count;
	int tries;
	char trouble[128];                /* why there is no response, for the log and a reason shown to owners */
};

/* OK when a response came, whatever its status. ERR_UPSTREAM: none came (DNS, refused, reset, cut, nonsense, too long).
 * ERR_TIMEOUT: the last attempt ran out of time. ERR_UNAVAILABLE: breaker open, or no place under the cap before the
 * deadline (within net.timeout without one); nothing was sent. ERR_INVALID: the guard refused the URL or the address, or method,
 * URL or a header holds a control character; no connection was made. No response and 5xx (but 501) count against the breaker. */
enum err net_call(struct ctx *ctx, struct net *net, struct call *call);

const char *call_header(const struct call *call, const char *name_lower);

/* The guard's two parts, for validating input early and for tests. guard_url: https, a host that is a name with a dot or a
 * public address in any spelling that the resolver takes, port 443 or above 1023 (the ports below belong to other protocols),
 * no user or password, at most 2,048 bytes. reason_out: for the person who typed it. */
bool guard_url(const char *url, const char **reason_out);
/* The guard also lets through the addresses in net.private_allowed: receivers in the house's own network, whom only the house can name.
 * False: the list is malformed and nothing private is allowed. net_open() calls it, too; others who ask guard_url() do so once after
 * configuration, before threads. */
bool guard_open(char message_out[256]);
struct sockaddr;
/* True for global unicast addresses only: no entry of the IANA special-purpose registries (RFC 6890 and its updates), no
 * multicast, and no IPv6 form that carries another IPv4 address inside (mapped, NAT64, 6to4, Teredo); and for net.private_allowed. */
bool guard_address(const struct sockaddr *address);

#endif
