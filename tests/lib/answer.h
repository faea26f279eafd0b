/* Stripe in a thread, which answers every request with the same words; for the tests of what asks one thing only. */
#ifndef STOA_TESTS_ANSWER_H
#define STOA_TESTS_ANSWER_H

#include "tests/lib/database.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* Answers every connection with what the test wants: Stripe's account. */
static struct { int socket; pthread_t thread; _Atomic(const char *) answer; } stripe;

static inline void *stripe_run(void *unused)
{
	char drain[8192];
	(void)unused;

	for (int peer; (peer = accept(stripe.socket, NULL, NULL)) >= 0; close(peer)) {
		const char *answer = atomic_load(&stripe.answer);

		if (read(peer, drain, sizeof drain) > 0 && answer && write(peer, answer, strlen(answer)) < 0)
			continue;
	}
	return NULL;
}

#define STRIPE_SAYS(status, body) atomic_store(&stripe.answer, "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body)

static inline void stripe_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	char url[64];

	stripe.socket = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(stripe.socket, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(stripe.socket, 16), 0);
	assert_int_equal(getsockname(stripe.socket, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("STOA_STRIPE_API_BASE", url, 1);
	pthread_create(&stripe.thread, NULL, stripe_run, NULL);
}

#endif
