#include "web/site.h"
#include "web/usage.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS 16 /* most in a path */

/* One segment of the tables' paths. Children are sorted by length, then bytes. */
struct node {
	const char *text;
	size_t length;
	struct node **children;
	int count, room;
	struct node *parameter;
	struct entry *entries[METHOD_DELETE + 1];
	unsigned methods;
};

struct router {
	const struct family *family;
	struct arena arena;
	struct node root;
	struct entry *entries;
	int count;
	struct router *next;
};

const struct rate_limit LIMIT_NONE = {0};

static const char *const METHODS[] = {
	[METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT", [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE"};

const char *method_text(enum method method)
{
	return method >= METHOD_GET && method <= METHOD_DELETE ? METHODS[method] : "?";
}

static int segment_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return memcmp(a, b, a_length);
}

/* Position of the child, or where it belongs. */
static int child_find(const struct node *node, const char *text, size_t length, bool *found_out)
{
	int low = 0, high = node->count;
	while (low < high) {
		int middle = (low + high) / 2;
		int order = segment_compare(text, length, node->children[middle]->text, node->children[middle]->length);
		if (!order) {
			*found_out = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*found_out = false;
	return low;
}

static struct node *child_make(struct router *router, struct node *node, const char *text, size_t length)
{
	if (text[0] == ':') {
		if (!node->parameter)
			node->parameter = arena_alloc(&router->arena, sizeof *node);
		return node->parameter;
	}
	bool found;
	int at = child_find(node, text, length, &found);
	if (found)
		return node->children[at];
	if (node->count == node->room) {
		int room = node->room ? 2 * node->room : 4;
		struct node **children = arena_array(&router->arena, (size_t)room, sizeof *children);
		if (node->count)
			memcpy(children, node->children, (size_t)node->count * sizeof *children);
		node->children = children;
		node->room = room;
	}
	memmove(node->children + at + 1, node->children + at, (size_t)(node->count - at) * sizeof *node->children);
	node->count++;
	struct node *child = arena_alloc(&router->arena, sizeof *child);
	child->text = text;
	child->length = length;
	return node->children[at] = child;
}

static bool route_add(struct router *router, const struct route *route, char message_out[256])
{
	struct node *node = &router->root;
	for (const char *at = route->path; *at == '/';) {
		const char *segment = at + 1;
		size_t length = strcspn(segment, "/");
		node = child_make(router, node, segment, length);
		at = segment + length;
	}
	if (node->entries[route->method]) {
		snprintf(message_out, 256, "%s %s stands twice, or differs only in the names of parameters",
			method_text(route->method), route->path);
		return false;
	}
	struct entry *entry = &router->entries[router->count++];
	entry->route = route;
	entry->target = target_of(route->class);
	entry->usage = arena_alloc(&router->arena, sizeof *entry->usage);
	node->entries[route->method] = entry;
	node->methods |= 1u << route->method;
	return true;
}

static size_t field_bytes(enum field_type type)
{
	return type == FIELD_INT ? sizeof(int64_t) : type == FIELD_BOOL ? sizeof(bool) : sizeof(void *);
}

static bool path_names(const char *path, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = strstr(path, "/:"); at; at = strstr(at + 1, "/:"))
		if (!strncmp(at + 2, name, length) && (at[2 + length] == '/' || !at[2 + length]))
			return true;
	return false;
}

/* What is wrong with an input row, or NULL. */
static const char *field_fault(const struct route *route, const struct field *field)
{
	if (!field->doc || !*field->doc)
		return "has no doc";
	if (field->offset + field_bytes(field->type) > route->input_size || field->present >= route->input_size)
		return "lies outside the input struct";
	if (field->type == FIELD_ENUM && !field->choices)
		return "has no choices";
	if (field->least > field->most && field->most)
		return "has its least above its most";
	if (field->place == IN_BODY && (route->method == METHOD_GET || route->method == METHOD_DELETE))
		return "stands in the body of a method that has none";
	if (field->place == IN_PATH && !path_names(route->path, field->name))
		return "is not in the path";
	if (field->place == IN_BODY && route->form && !strcmp(field->name, "csrf"))
		return "is serve's own";
	for (const struct field *other = route->input; other != field; other++)
		if (other->place == field->place && !strcmp(other->name, field->name))
			return "stands twice";
	return NULL;
}

static const char *inputs_fault(const struct route *route, const char **name_out)
{
	int rows = 0, parameters = 0, described = 0;
	*name_out = "";
	for (const char *at = strstr(route->path, "/:"); at; at = strstr(at + 1, "/:"))
		parameters++;
	for (const struct field *field = route->input; field && field->name; field++) {
		*name_out = field->name;
		described += field->place == IN_PATH;
		if (++rows > 64)
			return "is one too many";
		const char *fault = field_fault(route, field);
		if (fault)
			return fault;
	}
	*name_out = "input";
	return parameters == described ? NULL : "describes not every parameter of the path";
}

static const char *route_fault(const struct route *route)
{
	if (route->method < METHOD_GET || route->method > METHOD_DELETE)
		return "has no method";
	if (route->path[0] != '/')
		return "has a path that does not start with a slash";
	if (route->access == ACCESS_UNSET || route->access > ACCESS_PAGE_PUBLIC)
		return "has no access";
	if (route->class <= CLASS_UNSET || route->class >= CLASS_COUNT)
		return "has no latency class";
	if (!route->doc || !*route->doc)
		return "has no doc";
	if (!route->run)
		return "has no handler";
	if (route->budget && (!route->budget->why || !*route->budget->why))
		return "has a budget of its own without a reason";
	if (route->cors && route->access != ACCESS_PERMISSION)
		return "has CORS without a key to say whose";
	if (route->shape == REPLY_FIELDS && !route->reply)
		return "does not describe its reply";
	if ((route->shape == REPLY_ROW || route->shape == REPLY_LIST) && !route->rows && !route->reply)
		return "does not describe its rows";
	return NULL;
}

static bool router_fill(struct router *router, char message_out[256])
{
	for (const struct route *const *table = router->family->tables; *table; table++)
		for (const struct route *route = *table; route->path; route++) {
			const char *name = "", *fault = route_fault(route);
			if (!fault)
				fault = inputs_fault(route, &name);
			if (fault) {
				snprintf(message_out, 256, "%s: %s %s: %s%s%s", router->family->name, method_text(route->method),
					route->path, name, *name ? " " : "", fault);
				return false;
			}
			if (!route_add(router, route, message_out))
				return false;
		}
	return true;
}

static pthread_mutex_t routers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct router *routers;

static struct router *router_build(const struct family *family, char message_out[256])
{
	struct router *router = calloc(1, sizeof *router);
	if (!router)
		abort();
	router->family = family;
	arena_init(&router->arena);
	size_t rows = 0;
	for (const struct route *const *table = family->tables; *table; table++)
		for (const struct route *route = *table; route->path; route++)
			rows++;
	router->entries = arena_array(&router->arena, rows + 1, sizeof *router->entries);
	if (router_fill(router, message_out))
		return router;
	arena_free(&router->arena);
	free(router);
	return NULL;
}

const struct router *router_of(const struct family *family, char message_out[256])
{
	pthread_mutex_lock(&routers_lock);
	struct router *router = routers;
	while (router && router->family != family)
		router = router->next;
	if (!router && (router = router_build(family, message_out))) {
		router->next = routers;
		routers = router;
	}
	pthread_mutex_unlock(&routers_lock);
	return router;
}

void router_metrics(const struct router *router)
{
	static const char *const SHED_TEXT[SHED_REASONS] = {[SHED_FULL] = "full", [SHED_LATE] = "late", [SHED_BROWNOUT] = "brownout"};
	for (int i = 0; i < router->count; i++) {
		struct entry *entry = &router->entries[i];
		const char *method = method_text(entry->route->method), *path = entry->route->path;
		char labels[384];
		for (int class = 2; class <= 5; class++) {
			snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",status=\"%dxx\"", path, method, class);
			entry->status[class] = metric_counter("stoa_http_requests_total", labels, "Requests answered, by route and class of status.");
		}
		snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",class=\"%s\"", path, method,
			target_of(entry->route->class)->text);
		entry->duration = metric_histogram("stoa_http_request_duration_seconds", labels,
			"Time from the complete request to the finished reply.");
		for (int reason = 0; reason < SHED_REASONS; reason++) {
			snprintf(labels, sizeof labels, "program=\"%s\",class=\"%s\",reason=\"%s\"", router->family->name, entry->target->text, SHED_TEXT[reason]);
			entry->shed[reason] = metric_counter("stoa_shed_total", labels,
				"Requests refused because there were too many, or their part was switched off.");
		}
		usage_open(entry->usage, entry->route, method);
	}
}

struct walk {
	enum method method;
	const char *values[SEGMENTS];
	size_t lengths[SEGMENTS];
	int count;
	unsigned methods; /* of every path that matched */
};

static const struct entry *node_match(const struct node *node, const char *path, struct walk *walk)
{
	if (*path != '/') {
		walk->methods |= node->methods;
		return node->entries[walk->method];
	}
	const char *segment = path + 1;
	size_t length = strcspn(segment, "/");
	bool found;
	int at = child_find(node, segment, length, &found);
	if (found) {
		const struct entry *entry = node_match(node->children[at], segment + length, walk);
		if (entry)
			return entry;
	}
	if (!node->parameter || !length || walk->count == SEGMENTS)
		return NULL;
	walk->values[walk->count] = segment;
	walk->lengths[walk->count++] = length;
	const struct entry *entry = node_match(node->parameter, segment + length, walk);
	if (!entry)
		walk->count--;
	return entry;
}

static enum err walk_pairs(const struct walk *walk, const struct route *route, struct ctx *ctx, struct pairs *path_out)
{
	path_out->count = walk->count;
	path_out->items = walk->count ? arena_array(&ctx->arena, (size_t)walk->count, sizeof *path_out->items) : NULL;
	const char *name = route->path;
	for (int i = 0; i < walk->count; i++) {
		struct pair *pair = &path_out->items[i];
		name = strstr(name, "/:") + 2;
		pair->name = arena_memdup(&ctx->arena, name, strcspn(name, "/"));
		if (memchr(walk->values[i], '%', walk->lengths[i]))
			TRY(url_decode(ctx, walk->values[i], walk->lengths[i], &pair->value));
		else
			pair->value = arena_memdup(&ctx->arena, walk->values[i], walk->lengths[i]);
		pair->value_length = strlen(pair->value);
	}
	return OK;
}

const struct entry *router_match(const struct router *router, enum method method, const char *path, struct ctx *ctx,
	struct pairs *path_out, unsigned *methods_out)
{
	struct walk walk = {.method = method};
	const struct entry *entry = path[0] == '/' ? node_match(&router->root, path, &walk) : NULL;
	*methods_out = walk.methods;
	*path_out = (struct pairs){0};
	if (!entry || walk_pairs(&walk, entry->route, ctx, path_out) != OK)
		return NULL;
	return entry;
}

const struct route *route_match(const struct family *family, enum method method, const char *path, struct ctx *ctx,
	struct pairs *path_out, unsigned *methods_out)
{
	char message[256];
	*methods_out = 0;
	*path_out = (struct pairs){0};
	const struct router *router = router_of(family, message);
	const struct entry *entry = router ? router_match(router, method, path, ctx, path_out, methods_out) : NULL;
	return entry ? entry->route : NULL;
}

bool route_check(const struct family *family, char message_out[256])
{
	return router_of(family, message_out) != NULL;
}
