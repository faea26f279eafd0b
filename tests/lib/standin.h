/* The stand-in for Stripe's API as a program of its own, and its controls (tests/standin/stripe.mjs). */
#ifndef STOA_TESTS_STANDIN_H
#define STOA_TESTS_STANDIN_H

#include "tests/lib/database.h"

#include "net/net.h"
#include "text/json.h"

#include <fcntl.h>
#include <signal.h>

static pid_t standin;
static char base[128];

/* One call of the stand-in's controls. */
static inline struct json_object *control(struct ctx *ctx, struct net *net, const char *method, const char *path, const char *body)
{
	struct call call = {.peer = "control", .method = method, .url = arena_printf(&ctx->arena, "%s/_control/%s", base, path),
		.headers = {"Content-Type: application/json"}, .body = body, .body_length = body ? strlen(body) : 0, .timeout_ms = 30000,
		.retry = {1, 1, 1}, .most_bytes = 8 << 20};
	struct json_object *value;

	if (net_call(ctx, net, &call) != OK || call.status != 200)
		fail_msg("%s: %d %s %s", path, call.status, call.trouble, call.response ? call.response : "");
	if (json_read(ctx, call.response, call.response_length, 32, &value) != OK)
		fail_msg("%s: %s", path, call.response);
	return value;
}

static inline void standin_start(void)
{
	char script[4096], tool[4096];
	int out[2], status;
	size_t length = 0;
	ssize_t got;

	snprintf(script, sizeof script, "%s/tests/standin/stripe.mjs", getenv("STOA_ROOT"));
	snprintf(tool, sizeof tool, "%s/tools/node", getenv("STOA_ROOT"));
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	standin = fork();
	if (standin == 0) {
		dup2(out[1], 1);
		execl("/bin/sh", "sh", tool, script, "--port", "0", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	while (length < sizeof base - 1 && !memchr(base, '\n', length) && (got = read(out[0], base + length, sizeof base - 1 - length)) > 0)
		length += (size_t)got;
	base[strcspn(base, "\n")] = '\0';
	/* make check without npm's packages, where Debian's Node.js is too old for the stand-in. One that ends by itself is a failure. */
	if (!base[0] && waitpid(standin, &status, 0) == standin && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		_exit(77);
	assert_int_equal(strncmp(base, "http://", 7), 0);
	setenv("STOA_STRIPE_API_BASE", base, 1);
}

static inline void standin_stop(void)
{
	kill(standin, SIGTERM);
	waitpid(standin, NULL, 0);
}

#endif
