/* Every family in one process, for bench/callgrind.mjs: answers requests without a web server, and tells callgrind which ones to count.
 *
 * Reads a line of JSON at a time from standard input and answers with one:
 *   {"method":…,"path":…,"headers":{…},"body":…}             {"status":…,"headers":{…},"body":…}
 *   {"measure":NAME,"warm":N,"requests":[…as above…]}        {"statuses":[…]}: only what follows the first N is counted, and dumped as NAME
 * The first line that it writes names the compiler, its options and the processor's kind. */
#include "config.h"

#include "cli/cli.h"

#include "base/log.h"
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <valgrind/callgrind.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif
#define TABLES_MOST 256
#define FAMILIES_MOST 16
#define INPUT_DEPTH 8

struct client {
	struct req req;
	struct rep rep;
	struct json_object *headers;
};

/* What dispatch() reads, made before anything is counted. */
struct prepared { const char *method, *path, *query, *body; struct json_object *headers; };

static bool families_open(const struct house *house, char message_out[256])
{
	for (int i = 0; FAMILIES[i]; i++)
		if (FAMILIES[i]->open && !FAMILIES[i]->open(house, message_out))
			return false;
	return true;
}

static void families_close(void)
{
	for (int i = 0; FAMILIES[i]; i++)
		if (FAMILIES[i]->close)
			FAMILIES[i]->close();
}

static const struct family *families_all(void)
{
	static const struct route *tables[TABLES_MOST + 1];
	static const struct conf_row *conf[FAMILIES_MOST + 1];
	static const struct family all = {.name = "all", .doc = "All.", .tables = tables, .conf = conf, .open = families_open, .close = families_close,
		.templates = true, .outbound = true};
	int count = 0, rows = 0;
	for (int i = 0; FAMILIES[i]; i++) {
		for (int j = 0; FAMILIES[i]->tables[j] && count < TABLES_MOST; j++)
			tables[count++] = FAMILIES[i]->tables[j];
		for (int j = 0; FAMILIES[i]->conf && FAMILIES[i]->conf[j] && rows < FAMILIES_MOST; j++)
			conf[rows++] = FAMILIES[i]->conf[j];
	}
	return &all;
}

static const char *client_header(const struct req *req, const char *name)
{
	const struct client *client = req->transport;
	json_object_object_foreach(client->headers, key, value)
		if (!strcasecmp(key, name))
			return json_object_get_string(value);
	return NULL;
}

static enum err prepare(struct ctx *ctx, struct json_object *line, struct prepared *out)
{
	*out = (struct prepared){.method = json_text(line, "method", "GET"), .body = json_text(line, "body", ""), .query = ""};
	char *path = arena_strdup(&ctx->arena, json_text(line, "path", "")), *query = strchr(path, '?');
	if (query) {
		*query = '\0';
		out->query = query + 1;
	}
	out->path = path;
	return json_object_object_get_ex(line, "headers", &out->headers) && json_object_is_type(out->headers, json_type_object) ? OK :
		fail(ctx, ERR_BAD_INPUT, "a request without headers");
}

static int answer(struct client *client, const struct prepared *prepared)
{
	struct req *req = &client->req;
	struct ctx ctx = req->ctx;
	ctx_reset(&ctx);
	client->headers = prepared->headers;
	*req = (struct req){.ctx = ctx, .transport = client, .header = client_header, .address = "127.0.0.1", .https = true,
		.method = prepared->method, .uri_path = prepared->path, .query = prepared->query, .body = prepared->body,
		.body_length = strlen(prepared->body)};
	dispatch(req, &client->rep);
	return client->rep.status;
}

static void reply_write(const struct client *client, struct buffer *out)
{
	buffer_printf(out, "{\"status\":%d,\"headers\":{", client->rep.status);
	for (int i = 0; i < client->rep.header_count; i++) {
		buffer_text(out, i ? "," : "");
		buffer_json(out, client->rep.headers[i].name, strlen(client->rep.headers[i].name));
		buffer_char(out, ':');
		buffer_json(out, client->rep.headers[i].value, strlen(client->rep.headers[i].value));
	}
	buffer_text(out, "},\"body\":");
	buffer_json(out, client->rep.body.data ? client->rep.body.data : "", client->rep.body.length);
	buffer_char(out, '}');
}

static enum err measure(struct ctx *ctx, struct client *client, struct json_object *line, struct buffer *out)
{
	struct json_object *list;
	if (!json_object_object_get_ex(line, "requests", &list) || !json_object_is_type(list, json_type_array))
		return fail(ctx, ERR_BAD_INPUT, "no requests");
	int count = (int)json_object_array_length(list), warm = (int)json_int(line, "warm", 0);
	struct prepared *prepared = arena_array(&ctx->arena, (size_t)count + 1, sizeof *prepared);
	int *statuses = arena_array(&ctx->arena, (size_t)count + 1, sizeof *statuses);
	for (int i = 0; i < count; i++)
		TRY(prepare(ctx, json_object_array_get_idx(list, (size_t)i), &prepared[i]));
	for (int i = 0; i < count; i++) {
		if (i == warm)
			CALLGRIND_ZERO_STATS;
		statuses[i] = answer(client, &prepared[i]);
	}
	CALLGRIND_DUMP_STATS_AT(json_text(line, "measure", ""));
	buffer_text(out, "{\"statuses\":[");
	for (int i = 0; i < count; i++)
		buffer_printf(out, "%s%d", i ? "," : "", statuses[i]);
	buffer_text(out, "]}");
	return OK;
}

static enum err line_answer(struct ctx *ctx, struct client *client, const char *text, size_t bytes, struct buffer *out)
{
	static bool counting;
	struct json_object *line;
	struct prepared prepared;
	TRY(json_read(ctx, text, bytes, INPUT_DEPTH, &line));
	if (json_object_object_get_ex(line, "measure", NULL)) {
		/* What sets the scene runs uncounted, several times as fast. */
		if (!counting)
			CALLGRIND_START_INSTRUMENTATION;
		counting = true;
		return measure(ctx, client, line, out);
	}
	TRY(prepare(ctx, line, &prepared));
	answer(client, &prepared);
	reply_write(client, out);
	return OK;
}

int main(void)
{
	struct client client = {0};
	struct ctx ctx;
	struct buffer out = {0};
	struct utsname machine;
	char message[256] = "", *line = NULL;
	size_t room = 0;
	const struct family *family = families_all();

	/* Lines are made, as they are in service. */
	log_open("instructions", "/dev/null", LOG_INFO);
	serve_conf();
	for (int i = 0; family->conf[i]; i++)
		conf_add(family->conf[i]);
	if (!conf_load(NULL, message) || !serve_open(family, message)) {
		fprintf(stderr, "instructions: %s\n", message);
		return 1;
	}
	ctx_init(&ctx);
	ctx_init(&client.req.ctx);
	uname(&machine);
	printf("%s %s %s\n", COMPILER, BENCH_CFLAGS, machine.machine);
	fflush(stdout);
	int status = 0;
	for (ssize_t got; !status && (got = getline(&line, &room, stdin)) > 0; ctx_reset(&ctx)) {
		buffer_reset(&out);
		status = line_answer(&ctx, &client, line, (size_t)got - (line[got - 1] == '\n'), &out) != OK;
		if (status)
			fprintf(stderr, "instructions: %s\n", ctx.fault.detail);
		else
			puts(out.data);
		fflush(stdout);
	}
	free(line);
	buffer_free(&out);
	reply_free(&client.rep);
	ctx_free(&client.req.ctx);
	ctx_free(&ctx);
	serve_close();
	return status;
}
