/* Peers and idle connections of struct net; private to lib/net. */
#ifndef STOA_NET_PEER_H
#define STOA_NET_PEER_H

#include "base/breaker.h"
#include "net/net.h"

#include <curl/curl.h>
#include <pthread.h>

#define PEER_NAME_BYTES 96
#define PEERS_KEPT 1024

struct peer {
	struct peer *next;
	char name[PEER_NAME_BYTES];
	int in_flight, waiting;
	struct breaker breaker;
};

#define ORIGIN_BYTES 264

/* An easy handle and with it the connection that it keeps. */
struct line {
	CURL *curl;
	char origin[ORIGIN_BYTES]; /* scheme://host:port */
	bool guard;                /* never lent to a call of the other kind */
};

struct net {
	pthread_mutex_t mutex;
	pthread_cond_t landed;
	struct peer *peers; /* last used first */
	int peer_count;
	struct line *idle;  /* oldest first */
	int idle_count, idle_most;
	struct breaker_rule rule;
	int per_peer, connect_ms, timeout_ms;
	const char *ca_file;
};

/* Takes a place under the peer's cap, waiting until deadline_us (monotonic). unbroken: whatever its breaker says. NULL: none; reason_out. */
struct peer *peer_enter(struct net *net, const char *name, bool unbroken, int64_t deadline_us, const char **reason_out);
void peer_leave(struct net *net, struct peer *peer);

/* False: the URL has no origin. */
bool line_take(struct net *net, const char *url, bool guard, struct line *line_out);
/* reusable: what happened leaves its connection fit for use. */
void line_give(struct net *net, struct line *line, bool reusable);

#endif
