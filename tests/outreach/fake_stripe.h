/* Stripe's side of a few calls, told beforehand what to answer: declines and lost answers in the order that a test needs. */
#ifndef STOA_TESTS_FAKE_STRIPE_H
#define STOA_TESTS_FAKE_STRIPE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_answer {
	const char *request; /* "POST /v1/invoices/in_1/pay" */
	int status;          /* 0: the connection ends without an answer */
	const char *body;
};

static struct {
	int fd, port;
	pthread_t thread;
	const struct fake_answer *answers; /* ends with {0}; the first that fits is given */
	int asked;
	char requests[8000]; /* "POST /v1/… key=… form;" each */
} fake;

static inline void fake_answer(int fd, const char *request)
{
	char out[8000];

	for (const struct fake_answer *answer = fake.answers; answer && answer->request; answer++) {
		size_t length = strlen(answer->request);

		if (strncmp(request, answer->request, length) != 0 || (request[length] != ' ' && request[length] != '?'))
			continue;
		if (!answer->status)
			return;
		snprintf(out, sizeof out, "HTTP/1.1 %d x\r\nContent-Type: application/json\r\nRequest-Id: req_1\r\nStripe-Should-Retry: false\r\n"
			"Connection: close\r\nContent-Length: %zu\r\n\r\n%s", answer->status, strlen(answer->body), answer->body);
		(void)!send(fd, out, strlen(out), MSG_NOSIGNAL);
		return;
	}
	snprintf(out, sizeof out, "HTTP/1.1 404 x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
	(void)!send(fd, out, strlen(out), MSG_NOSIGNAL);
}

static inline void fake_note(const char *request, const char *body)
{
	const char *key = strstr(request, "Idempotency-Key: ");
	size_t used = strlen(fake.requests);

	snprintf(fake.requests + used, sizeof fake.requests - used, "%.*s key=%.*s %s;", (int)strcspn(request, "\r") - 9, request,
		key ? (int)strcspn(key + 17, "\r") : 0, key ? key + 17 : "", body);
}

static inline void *fake_run(void *argument)
{
	int fd;

	(void)argument;
	while ((fd = accept(fake.fd, NULL, NULL)) >= 0) {
		char request[8000] = "";
		size_t length = 0;
		ssize_t got;
		const char *body = NULL, *header;

		while (length < sizeof request - 1 && (got = recv(fd, request + length, sizeof request - 1 - length, 0)) > 0) {
			request[length += (size_t)got] = '\0';
			header = strstr(request, "Content-Length: ");
			body = strstr(request, "\r\n\r\n");
			if (body && strlen(body + 4) >= (header ? strtoul(header + 16, NULL, 10) : 0))
				break;
		}
		if (body) {
			fake.asked++;
			fake_note(request, body + 4);
			fake_answer(fd, request);
		}
		close(fd);
	}
	return NULL;
}

/* The URL for stripe.api_base. */
static inline const char *fake_open(void)
{
	static char url[60];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	fake.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fake.fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fake.fd, 8) != 0)
		return NULL;
	getsockname(fake.fd, (struct sockaddr *)&address, &length);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
	return pthread_create(&fake.thread, NULL, fake_run, NULL) ? NULL : url;
}

static inline void fake_close(void)
{
	shutdown(fake.fd, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.fd);
}

#endif
