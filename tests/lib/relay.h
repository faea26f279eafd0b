/* A mail relay on the loopback, one connection at a time, that says no where it is told to. */
#ifndef STOA_TESTS_RELAY_H
#define STOA_TESTS_RELAY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	int fd, port;
	pthread_t thread;
	/* what it says where it differs from yes */
	const char *greeting, *hello, *from, *to, *data, *end, *auth;
	bool stalls, hangs_up;
	/* what it got */
	char commands[2000], message[20000];
	bool complete;
	int taken; /* messages */
} relay;

static inline void relay_say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static inline void relay_reply(int fd, const char *text, const char *otherwise)
{
	relay_say(fd, text ? text : otherwise);
	relay_say(fd, "\r\n");
}

static inline void take_message(int fd, FILE *lines)
{
	char line[2000];
	size_t used = 0;
	while (fgets(line, sizeof line, lines)) {
		if (strcmp(line, ".\r\n") == 0) {
			relay.complete = !relay.end;
			relay.taken += !relay.end;
			relay_reply(fd, relay.end, "250 taken");
			return;
		}
		const char *text = line[0] == '.' ? line + 1 : line;
		used += (size_t)snprintf(relay.message + used, sizeof relay.message - used, "%s", text);
	}
}

/* False: the conversation is over. */
static inline bool converse(int fd, FILE *lines, const char *command)
{
	if (strncmp(command, "EHLO", 4) == 0)
		relay_reply(fd, relay.hello, "250-relay\r\n250-SIZE 1000000\r\n250-AUTH PLAIN\r\n250 8BITMIME");
	else if (strncmp(command, "AUTH PLAIN\r", 11) == 0)
		relay_reply(fd, NULL, "334 ");
	else if (strcmp(command, "AHN0b2EAc2VjcmV0\r\n") == 0) /* NUL stoa NUL secret */
		relay_reply(fd, relay.auth, "235 welcome");
	else if (strncmp(command, "MAIL", 4) == 0)
		relay_reply(fd, relay.from, "250 sender");
	else if (strncmp(command, "RCPT", 4) == 0)
		relay_reply(fd, relay.to, "250 recipient");
	else if (strncmp(command, "DATA", 4) == 0) {
		relay_reply(fd, relay.data, "354 go on");
		if (!relay.data && relay.hangs_up)
			return false;
		if (!relay.data)
			take_message(fd, lines);
	} else
		relay_reply(fd, NULL, "221 bye");
	return strncmp(command, "QUIT", 4) != 0;
}

static inline void *relay_run(void *argument)
{
	int fd;
	(void)argument;
	while ((fd = accept(relay.fd, NULL, NULL)) >= 0) {
		FILE *lines = fdopen(fd, "r");
		char line[2000];
		if (!relay.stalls)
			relay_reply(fd, relay.greeting, "220 relay");
		while (fgets(line, sizeof line, lines)) {
			strncat(relay.commands, line, sizeof relay.commands - strlen(relay.commands) - 1);
			if (!relay.stalls && !converse(fd, lines, line))
				break;
		}
		fclose(lines);
	}
	return NULL;
}

/* Forgets everything, and listens; the URL is for mail.url. */
static inline const char *relay_open(void)
{
	static char url[60];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	memset(&relay, 0, sizeof relay);
	relay.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(relay.fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(relay.fd, 8) != 0)
		return NULL;
	getsockname(relay.fd, (struct sockaddr *)&address, &length);
	snprintf(url, sizeof url, "smtp://127.0.0.1:%d", ntohs(address.sin_port));
	return pthread_create(&relay.thread, NULL, relay_run, NULL) ? NULL : url;
}

static inline void relay_close(void)
{
	shutdown(relay.fd, SHUT_RDWR);
	pthread_join(relay.thread, NULL);
	close(relay.fd);
}

#endif
