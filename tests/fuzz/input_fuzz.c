/* A request for any route of any family, as text: "POST /path?query", header lines, an empty line, the body. Whatever it is, it is
 * answered; and what a handler gets is what its rows of input promise. The handlers themselves are replaced: they need a database. */
#include "base/log.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUTES 512
#define HEADERS 32

struct sent {
	const char *names[HEADERS], *values[HEADERS];
	int count;
};

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static int64_t bound(const struct field *field, int64_t own, int64_t otherwise)
{
	return field->least || field->most ? own : otherwise;
}

static void check_text(const struct field *field, const char *text)
{
	int64_t most = field->type == FIELD_LINES ? 5000 : field->type == FIELD_URL ? 2048 : 255;
	size_t bytes = strlen(text);

	demand(utf8_valid(text, bytes));
	for (const char *at = text; *at; at++)
		demand((unsigned char)*at >= 0x20 || (field->type == FIELD_LINES && (*at == '\n' || *at == '\t')));
	if (field->type == FIELD_ID)
		demand(id_valid(text));
	else if (field->type == FIELD_EMAIL)
		demand(bytes <= 254 && strchr(text, '@') && !strpbrk(text, " <>\""));
	else if (field->type == FIELD_ENUM)
		demand(bytes && !strchr(text, '|') && strstr(field->choices, text));
	else
		demand((int64_t)utf8_length(text, bytes) >= bound(field, field->least, 1) &&
			(int64_t)utf8_length(text, bytes) <= bound(field, field->most, most));
}

static void check_texts(struct json_object *list)
{
	demand(json_object_is_type(list, json_type_array));
	for (size_t i = 0; i < json_object_array_length(list); i++)
		demand(*json_object_get_string(json_object_array_get_idx(list, i)));
}

static void check_field(const void *input, const struct field *field)
{
	const void *member = (const char *)input + field->offset;
	int64_t number;
	const char *text;
	struct json_object *value;

	switch (field->type) {
	case FIELD_INT:
		memcpy(&number, member, sizeof number);
		demand(number == 0 || (number >= bound(field, field->least, INT64_MIN) && number <= bound(field, field->most, INT64_MAX)));
		break;
	case FIELD_BOOL:
		demand(*(const unsigned char *)member <= 1);
		break;
	case FIELD_JSON:
	case FIELD_TEXTS:
		memcpy(&value, member, sizeof value);
		if (value && field->type == FIELD_TEXTS)
			check_texts(value);
		break;
	case FIELD_CURSOR:
		memcpy(&text, member, sizeof text);
		demand(!field->required || text);
		break;
	default:
		memcpy(&text, member, sizeof text);
		demand(text || !field->required || field->nullable);
		if (text)
			check_text(field, text);
	}
}

static enum err check_input(struct req *req, struct rep *rep)
{
	(void)rep;
	for (const struct field *field = req->route->input; field && field->name; field++)
		check_field(req->input, field);
	return OK;
}

/* Every type of field in every place that a family does not use yet. */
struct all_input {
	const char *text, *lines, *id, *email, *url, *choice, *cursor, *header;
	int64_t number;
	bool on, text_sent;
	struct json_object *json, *texts;
};
#define ALL_FIELDS(place_) \
	INPUT(struct all_input, text, "text", place_, FIELD_TEXT, .doc = "text", .nullable = (place_) == IN_BODY, .present = offsetof(struct all_input, text_sent)), \
	INPUT(struct all_input, lines, "lines", place_, FIELD_LINES, .doc = "lines", .least = 0, .most = 40), \
	INPUT(struct all_input, id, "id", place_, FIELD_ID, .doc = "id"), \
	INPUT(struct all_input, email, "email", place_, FIELD_EMAIL, .doc = "email"), \
	INPUT(struct all_input, url, "url", place_, FIELD_URL, .doc = "url"), \
	INPUT(struct all_input, choice, "choice", place_, FIELD_ENUM, .doc = "choice", .choices = "one|two|three"), \
	INPUT(struct all_input, number, "number", place_, FIELD_INT, .doc = "number", .least = -5, .most = 70), \
	INPUT(struct all_input, on, "on", place_, FIELD_BOOL, .doc = "on"), \
	INPUT(struct all_input, texts, "texts", place_, FIELD_TEXTS, .doc = "texts", .least = 0, .most = 3)
static const struct field BODY_INPUT[] = {
	ALL_FIELDS(IN_BODY), INPUT(struct all_input, json, "json", IN_BODY, FIELD_JSON, .doc = "json", .least = 2, .most = 64), FIELD_END};
static const struct field QUERY_INPUT[] = {
	ALL_FIELDS(IN_QUERY), INPUT(struct all_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "cursor"),
	INPUT(struct all_input, header, "X-Text", IN_HEADER, FIELD_TEXT, .doc = "header", .most = 9), FIELD_END};
static const struct route ALL_ROUTES[] = {
	{.method = METHOD_POST, .path = "/all/body", .input = BODY_INPUT, .input_size = sizeof(struct all_input)},
	{.method = METHOD_POST, .path = "/all/form", .input = BODY_INPUT, .input_size = sizeof(struct all_input), .form = true},
	{.method = METHOD_GET, .path = "/all/query", .input = QUERY_INPUT, .input_size = sizeof(struct all_input)},
	ROUTE_END};

static struct route routes[ROUTES + 1];
static const struct route *const TABLES[] = {routes, NULL};
static const struct family FAMILY = {.name = "fuzz", .doc = "Every route.", .tables = TABLES};

static int routes_add(const struct route *table, int count)
{
	for (; table->path; table++) {
		demand(count < ROUTES);
		routes[count++] = (struct route){.method = table->method, .path = table->path, .access = ACCESS_PUBLIC, .class = CLASS_OPS,
			.input = table->input, .input_size = table->input_size, .run = check_input, .shape = REPLY_NOTHING, .form = table->form,
			.limit = &LIMIT_NONE, .doc = "Checks its input"};
	}
	return count;
}

/* What a responder keeps below /run; gone when the program ends. */
static char folder[] = "/tmp/stoa-input-fuzz-XXXXXX";

static const char *const RUN_FILES[][2] = {{"STOA_SECRET_KEY_FILE", "house.key"}, {"STOA_RATE_FILE", "rate.shm"},
	{"STOA_CACHE_SHARED", "cache.shm"}, {"STOA_METRICS_FILE", "metrics.shm"}};
#define RUN_FILE_COUNT (sizeof RUN_FILES / sizeof *RUN_FILES)

static void run_files_remove(void)
{
	for (size_t i = 0; i < RUN_FILE_COUNT; i++)
		unlink(getenv(RUN_FILES[i][0]));
	rmdir(folder);
}

static void run_files_make(void)
{
	char path[64];

	demand(mkdtemp(folder) != NULL);
	for (size_t i = 0; i < RUN_FILE_COUNT; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, RUN_FILES[i][1]);
		setenv(RUN_FILES[i][0], path, 1);
	}
	FILE *key = fopen(getenv("STOA_SECRET_KEY_FILE"), "w");
	demand(key && fchmod(fileno(key), 0600) == 0 && fputs("0123456789abcdef0123456789abcdef", key) >= 0 && fclose(key) == 0);
	atexit(run_files_remove);
}

static void house_open(void)
{
	char message[256];
	int count = routes_add(ALL_ROUTES, 0);

	for (const struct family *const *family = FAMILIES; *family; family++)
		for (const struct route *const *table = (*family)->tables; *table; table++)
			count = routes_add(*table, count);
	log_open("input_fuzz", "/dev/null", LOG_ERROR);
	serve_conf();
	run_files_make();
	setenv("STOA_WEB_TRUSTED_PROXY", "192.0.2.0/24", 1);
	if (!conf_load("/dev/null", message) || !serve_open(&FAMILY, message)) {
		fprintf(stderr, "%s\n", message);
		abort();
	}
}

static const char *header(const struct req *req, const char *name)
{
	const struct sent *sent = req->transport;

	for (int i = 0; i < sent->count; i++)
		if (!strcasecmp(sent->names[i], name))
			return sent->values[i];
	return NULL;
}

/* Ends the line at `at` and answers the next one. */
static char *line_end(char *at)
{
	char *end = at + strcspn(at, "\n");

	if (*end)
		*end++ = '\0';
	return end;
}

/* Fills what the transport would have received; text is changed. */
static void request_read(struct req *req, struct sent *sent, char *text, size_t size)
{
	char *line = text, *next = line_end(line), *query;

	req->method = line;
	line[strcspn(line, " ")] = '\0';
	line += strlen(line) + (line + strlen(line) < next - 1);
	query = strchr(line, '?');
	if (query)
		*query++ = '\0';
	req->uri_path = line;
	req->query = query ? query : "";
	while (*next && *next != '\n' && sent->count < HEADERS) {
		line = next;
		next = line_end(line);
		if (!strchr(line, ':'))
			continue;
		sent->names[sent->count] = line;
		line = strchr(line, ':');
		*line++ = '\0';
		sent->values[sent->count++] = line + strspn(line, " ");
	}
	next += *next == '\n';
	req->body = next;
	req->body_length = size - (size_t)(next - text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;
	struct rep rep = {0};
	struct sent sent = {.count = 0};
	struct buffer out = {0};

	if (!open)
		house_open();
	open = true;
	char *text = malloc(size + 1);
	struct req req = {.header = header, .transport = &sent, .address = "192.0.2.1"};
	memcpy(text, data, size);
	text[size] = '\0';
	ctx_init(&req.ctx);
	request_read(&req, &sent, text, size);
	dispatch(&req, &rep);
	demand(rep.status >= 200 && rep.status < 500);
	demand(rep.status < 400 || (rep.type == BODY_JSON && utf8_valid(rep.body.data, rep.body.length)));
	reply_send(&req, &rep, &out);
	demand(out.length && !strncmp(out.data, "Status: ", 8));
	buffer_free(&out);
	reply_free(&rep);
	ctx_free(&req.ctx);
	free(text);
	return 0;
}
