#include "net/peer.h"

#include "base/clock.h"
#include "base/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool forgettable(const struct peer *peer, const struct breaker_rule *rule)
{
	return peer->in_flight == 0 && peer->waiting == 0 && !breaker_open(&peer->breaker, rule);
}

static void forget_oldest(struct net *net)
{
	struct peer **victim = NULL;
	for (struct peer **at = &net->peers; *at; at = &(*at)->next)
		if (forgettable(*at, &net->rule))
			victim = at;
	if (!victim)
		return;
	struct peer *peer = *victim;
	*victim = peer->next;
	free(peer);
	net->peer_count--;
}

/* Finds or makes it and moves it to the front. */
static struct peer *peer_get(struct net *net, const char *name)
{
	struct peer **at = &net->peers;
	while (*at && strncmp((*at)->name, name, PEER_NAME_BYTES - 1) != 0)
		at = &(*at)->next;
	struct peer *peer = *at;
	if (peer) {
		*at = peer->next;
	} else {
		if (net->peer_count >= PEERS_KEPT)
			forget_oldest(net);
		peer = calloc(1, sizeof *peer);
		if (!peer)
			abort();
		snprintf(peer->name, sizeof peer->name, "%s", name);
		net->peer_count++;
	}
	peer->next = net->peers;
	net->peers = peer;
	return peer;
}

struct peer *peer_enter(struct net *net, const char *name, bool unbroken, int64_t deadline_us, const char **reason_out)
{
	struct timespec until = {.tv_sec = deadline_us / 1000000, .tv_nsec = deadline_us % 1000000 * 1000};
	*reason_out = NULL;
	turn_pass();
	pthread_mutex_lock(&net->mutex);
	struct peer *peer = peer_get(net, name);
	peer->waiting++;
	int late = 0;
	while (peer->in_flight >= net->per_peer && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&net->landed, &net->mutex, &until);
	peer->waiting--;
	if (peer->in_flight >= net->per_peer)
		*reason_out = "too many calls to this service are under way";
	else if (!unbroken && !breaker_allow(&peer->breaker, &net->rule))
		*reason_out = "this service kept failing and is left alone for a moment";
	else
		peer->in_flight++;
	pthread_mutex_unlock(&net->mutex);
	return *reason_out ? NULL : peer;
}

void peer_leave(struct net *net, struct peer *peer)
{
	pthread_mutex_lock(&net->mutex);
	peer->in_flight--;
	pthread_cond_broadcast(&net->landed);
	pthread_mutex_unlock(&net->mutex);
}

static bool origin_of(const char *url, char origin[ORIGIN_BYTES])
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	if (!parts)
		abort();
	bool good = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		snprintf(origin, ORIGIN_BYTES, "%s://%s:%s", scheme, host, port) < ORIGIN_BYTES;
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return good;
}

static void idle_remove(struct net *net, int index)
{
	net->idle_count--;
	memmove(net->idle + index, net->idle + index + 1, (size_t)(net->idle_count - index) * sizeof *net->idle);
}

bool line_take(struct net *net, const char *url, bool guard, struct line *line_out)
{
	*line_out = (struct line){.guard = guard};
	if (!origin_of(url, line_out->origin))
		return false;
	pthread_mutex_lock(&net->mutex);
	for (int i = net->idle_count - 1; i >= 0 && !line_out->curl; i--)
		if (net->idle[i].guard == guard && strcmp(net->idle[i].origin, line_out->origin) == 0) {
			line_out->curl = net->idle[i].curl;
			idle_remove(net, i);
		}
	pthread_mutex_unlock(&net->mutex);
	if (!line_out->curl && !(line_out->curl = curl_easy_init()))
		abort();
	return true;
}

void line_give(struct net *net, struct line *line, bool reusable)
{
	CURL *surplus = line->curl;
	if (reusable && net->idle_most > 0) {
		curl_easy_reset(line->curl); /* keeps the connection; forgets what pointed into the call */
		surplus = NULL;
		pthread_mutex_lock(&net->mutex);
		if (net->idle_count == net->idle_most) {
			surplus = net->idle[0].curl;
			idle_remove(net, 0);
		}
		net->idle[net->idle_count++] = *line;
		pthread_mutex_unlock(&net->mutex);
	}
	if (surplus)
		curl_easy_cleanup(surplus);
}
