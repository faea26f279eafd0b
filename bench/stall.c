/* A server whose times are known, for bench/honesty.mjs: answers every request of HTTP/1.1 without a body with "ok".
 *
 *   stall PORT LEAST_US MOST_US EVERY_MS FOR_MS
 *
 * A request is answered after any time from LEAST_US to MOST_US (both 0: at once). EVERY_MS 0: never stalls; else it does nothing at all for
 * FOR_MS in the middle of every EVERY_MS. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 4096
#define REPLY "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

struct connection {
	int fd;             /* -1: free */
	int64_t due_us;     /* of its answer; 0: none is asked for */
	uint32_t tail;      /* the last four bytes, for the end of a head */
};

static struct connection connections[CONNECTIONS];
static int64_t least_us, most_us;
static uint64_t chance = 0x9e3779b97f4a7c15;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t delay_us(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return least_us + (int64_t)(chance % (uint64_t)(most_us - least_us + 1));
}

static void drop(struct connection *connection)
{
	close(connection->fd);
	*connection = (struct connection){.fd = -1};
}

static void answer(struct connection *connection)
{
	connection->due_us = 0;
	if (send(connection->fd, REPLY, sizeof REPLY - 1, MSG_NOSIGNAL) != sizeof REPLY - 1)
		drop(connection);
}

static void hear(struct connection *connection)
{
	char text[16384];
	ssize_t got = recv(connection->fd, text, sizeof text, MSG_DONTWAIT);
	if (got <= 0) {
		drop(connection);
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		connection->tail = connection->tail << 8 | (unsigned char)text[i];
		if (connection->tail == 0x0d0a0d0a)
			connection->due_us = now_us() + (most_us ? delay_us() : 0);
	}
	if (connection->due_us && !most_us)
		answer(connection);
}

static void take(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	for (int i = 0; fd >= 0 && i < CONNECTIONS; i++)
		if (connections[i].fd < 0) {
			struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
			connections[i] = (struct connection){.fd = fd};
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
			epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
			return;
		}
	close(fd);
}

/* Answers what is due; the microseconds to the next one. */
static int64_t answers_due(void)
{
	int64_t now = now_us(), next = now + 100000;
	for (int i = 0; most_us && i < CONNECTIONS; i++) {
		struct connection *connection = &connections[i];
		if (connection->fd < 0 || !connection->due_us)
			continue;
		if (connection->due_us <= now)
			answer(connection);
		else if (connection->due_us < next)
			next = connection->due_us;
	}
	return next - now;
}

static void serve(int epoll, int listener, int64_t every_us, int64_t for_us)
{
	int64_t start = now_us(), stall = every_us ? start + every_us / 2 : INT64_MAX;
	for (;;) {
		int64_t wait = answers_due();
		struct epoll_event events[256];
		struct timespec left = {.tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000};
		int count = epoll_pwait2(epoll, events, 256, &left, NULL);
		if (now_us() >= stall) {
			usleep((useconds_t)for_us);
			stall += every_us;
		}
		for (int i = 0; i < count; i++) {
			if (!events[i].data.ptr)
				take(epoll, listener);
			else
				hear(events[i].data.ptr);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(argv[1], NULL, 10)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};
	least_us = strtol(argv[2], NULL, 10);
	most_us = strtol(argv[3], NULL, 10);
	for (int i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(listener, (struct sockaddr *)(void *)&at, sizeof at) || listen(listener, 1024) || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
		perror("stall");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
	serve(epoll, listener, strtol(argv[4], NULL, 10) * 1000, strtol(argv[5], NULL, 10) * 1000);
	return 0;
}
